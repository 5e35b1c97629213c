# What commands answer. The `label-…` messages name the rows of an answer.

## /memory
reply-memory-page = { $count ->
        [one] One memory
       *[other] { $count } memories
    }, page { $page } of { $pages }. To delete one: /memory delete and its id.
reply-memory-none = Nothing is remembered about you yet. Talk to somebody, and it will show up here.
reply-memory-found = { $count ->
        [one] One memory fits
       *[other] { $count } memories fit
    } “{ $words }”, the best first.
reply-memory-not-found = I find no memory about “{ $words }”.
reply-memory-more = More: { $command }
reply-memory-deleted = { $count ->
        [one] The memory is deleted for good.
       *[other] { $count } memories are deleted for good.
    }
reply-memory-entry = { $id } · { $when } · { $personality } · { $origin }
memory-origin-user-said = from talking
memory-origin-import = brought in from elsewhere

## /reset
reply-reset-done = A fresh start: the next answer knows nothing of what was said here before. Memories stay. To take it back: /reset undo
reply-reset-undone = The conversation from before the last reset is back.

## /inspect
reply-inspect = What the last answer was made of
label-inspect-personality = Answered by
label-inspect-persona = You were
label-inspect-model = Model
label-inspect-provider = Served by
label-inspect-key = Paid by
label-inspect-tokens = Tokens
label-inspect-time = Time
label-inspect-history = Earlier messages
label-inspect-memories = Memories used
label-inspect-memory = Memory { $id }
label-inspect-failure = No answer because
label-inspect-trace = Trace
inspect-key-local = nobody: the model runs here
inspect-key-operator = the house’s key
inspect-key-member = your key
inspect-tokens = { $prompt } in, { $completion } out
inspect-tokens-counted = about { $prompt } in, { $completion } out (counted here)
inspect-time = { $total } s, first words after { $first } s
inspect-none = none
label-inspect-preset = Preset
label-inspect-budget = Prompt
inspect-budget-parts = { $total } of { $limit } tokens: character { $character }, history { $history }, memories { $memories }, message { $message }
inspect-time-own = the house itself took { $millis } ms
inspect-memory-used = in the prompt, { $tokens } tokens; score { $score } (meaning { $dense }, words { $lexical })
inspect-memory-unused = found, left out for space; score { $score } (meaning { $dense }, words { $lexical })
inspect-memory-gone = (deleted since)
inspect-memory-repeated = repeated: said in the same words before, and taken once ({ $count }: { $ids })
inspect-recall-away = none: memory did not answer in time

## /help
reply-help = What you can ask of the house. Anything else you write goes to the character you are talking to.
reply-help-more = More about one of them: /help and its name.

## /about
reply-about = This is Greenroom { $version }, a home for AI characters. You talk with programs, not with people.
label-about-model = Model
label-about-database = Database
label-about-store = Memory store
label-about-embedder = Finds meaning with
label-about-personalities = Characters
label-about-locales = Languages
about-model = { $model } ({ $provider })
about-model-tiny = { $model } ({ $provider }): a tiny model that shows how the house works and is not clever

## /personality and /talk
reply-personality-list = Who you can talk to here
reply-personality-none = Nobody lives here yet. Whoever runs this house can add personality files.
reply-personality-view = { $name }: { $about }
label-personality-slug = Short name
label-personality-pronouns = Pronouns
label-personality-aliases = Also answers to
reply-talk = You are talking to { $name } now.

## /persona
reply-persona-view = This is how you are seen. To change it: /persona edit
reply-persona-saved = Saved. From now on the characters see you like this.
label-persona-name = Name
label-persona-pronouns = Pronouns
label-persona-description = About you
persona-not-set = not set

## /settings
reply-settings-view = Your settings
reply-settings-time-zone = Dates are shown in { $zone } now. There it is { $time }.
reply-settings-locale = From now on I speak English with you.
label-settings-time-zone = Time zone
label-settings-locale = Language

## /data
reply-data-exported = Everything this house keeps about you, with your characters, presets and choices. The file is a ZIP with JSON for programs and text for reading.
label-data-messages = Messages, with the answers
label-data-memories = Memories
label-data-usage = Entries of usage
label-data-personas = Personas
label-data-personalities = Characters that are yours alone
label-data-shared = Characters that you share

## /keys
reply-keys-ask = Your key for { $provider } will answer you with the model { $model }, at your cost, and nobody else. It is kept sealed and never shown again. Do not write it into the conversation.
form-keys-key = Your key for { $provider }
reply-keys-set = Your key for { $provider } works. From now on it answers you.
reply-keys-set-unverified = Your key for { $provider } is kept, but { $provider } could not be asked about it. It is tried with your next message.
reply-keys-none = You have brought no key. To bring one: /keys set and one of { $providers }
reply-keys = { $count ->
        [one] Your key
       *[other] Your keys
    }
reply-keys-tested = Your key for { $provider } { $state }.
reply-keys-removed = Your key for { $provider } is removed from this house. At { $provider } it goes on to exist.
keys-row = { $mask } · { $model } · { $state } · last checked: { $checked }
keys-row-answering = { $mask } · { $model } · { $state } · last checked: { $checked } · answers you
keys-never-checked = never
keys-state-valid = works
keys-state-invalid = is not accepted
keys-state-no-credit = has no credit left
keys-state-limited = is being asked too often
keys-state-unverified = could not be checked yet

## /activate, /deactivate, /autorespond
reply-activated = { $name } now answers everything that is said here. /autorespond off makes them wait until they are called, /deactivate ends it.
reply-deactivated = From now on, nobody answers here without being called.
reply-autorespond-on = { $name } answers everything that is said here.
reply-autorespond-off = { $name } stays, and answers only when called.

## /usage
reply-usage = { $period }: { $answers ->
        [one] one answer
       *[other] { $answers } answers
    }, { $prompt } tokens in, { $completion } out, about { $cost } $ by list prices.
reply-usage-none = { $period }: no answers.
usage-period-day = The last 24 hours
usage-period-week = The last 7 days
usage-period-month = The last 30 days
usage-period-all = All in all
usage-row = { $answers } · { $prompt } in, { $completion } out · { $cost } $ · paid by { $paid }

## /persona create, list, use
reply-persona-created = A new persona. /persona use and its name, and the character you talk to sees you so; /persona default, and all of them do. What they remember of you is kept apart for each persona.
reply-persona-list = { $count ->
        [one] You have one persona.
       *[other] You have { $count } personas.
    }
reply-persona-used = From now on { $name } sees you so, with what { $name } remembers of this persona.
persona-in-use = for { $name }
persona-not-in-use = –
reply-data-erase-ask = This erases everything this house keeps about you, for good: what is listed here, your keys, presets and choices. Characters that you share stay, without an owner. Backups that whoever runs this house made before still have it. /data export first, if you want to keep it.
form-confirm = To confirm, type { $name }
reply-data-erased = All of it is erased. If you say something again, you are new here.

## /personality create, edit, share, delete
reply-personality-ask = Who is { $name }? Two questions; whatever you leave stays as it was.
form-personality-about = { $name } in one line, for lists
form-personality-prompt = Who { $name } is and how they talk, as you would tell an actor
reply-personality-created = { $name } lives here now, for you alone. In the terminal, /talk and the name; elsewhere, call the name. /personality share everyone lets all of this house talk to { $name }.
reply-personality-now = { $name } is told this now; write it anew, or leave it.
reply-personality-changed = { $name } is changed. The next answer shows it.
reply-personality-shared = Everyone of this house can talk to { $name } now. What { $name } remembers of you stays between you two.
reply-personality-unshared = { $name } is there for you alone again.
reply-personality-delete-ask = This deletes { $name } for good, with what was said and everything { $name } remembers, of everybody.
reply-personality-deleted = { $name } is deleted.
personality-private = { $about } (yours alone)

## What the house says by itself, before an answer or below it
disclosure-first-contact = Before we begin: you are talking with an AI character, not with a person. What you say is kept here, so that it can be remembered; /about says what and for how long, /memory shows it, /data erase takes it away.
disclosure-announcement = From whoever runs this house: { $text }
footer-incognito = nothing is remembered until { $until }
footer-fresh = no memories are used until { $until }

## Who decided
decided-bond = chosen by you for { $name }
decided-member = chosen by you
decided-personality = chosen by whoever made { $name }
decided-house = chosen by whoever runs this house
decided-nobody = as the house is made
switch-on = on
switch-off = off

## /about
label-about-ai = Who answers
label-about-stored = What is kept
label-about-stop = How to stop it
about-ai = AI characters. They can be wrong, they are nobody’s therapist, and they say that they are AI when you ask.
about-stored = What you and the characters say, what they remember of it, how you want to be seen, your choices, and what answers cost. The words of an answer go to the model named here; nothing is used to train one.
about-stop = /memory incognito has nothing remembered for a while, /settings memory off for good; /memory forget-me and /data erase take away what is there; /data export hands it to you first.

## /alias
reply-alias-added = { $name } answers to “{ $alias }” now, when you say it.
reply-alias-added-over = { $name } answers to “{ $alias }” now, when you say it. For everyone else the name means what it meant before.
reply-alias-added-everyone = { $name } answers to “{ $alias }” now, for everyone of this house.
reply-alias-removed = “{ $alias }” means nobody any more.
reply-alias-list = { $count ->
        [one] The other name you can use
       *[other] The { $count } other names you can use
    }
reply-alias-none = There are no other names yet. To make one: /alias add, the name, and --to with the character it means.
alias-row-own = { $name } · yours
alias-row-everyone = { $name } · everyone’s
alias-row-shadowed = { $name } · not heard: another character or a name of yours has it

## /preset and /prompt
reply-preset-created = The preset “{ $preset }” is made: { $values }. /preset use and its name, or /preset default for every character.
reply-preset-changed = The preset “{ $preset }” now says: { $values }.
reply-preset-deleted = The preset “{ $preset }” is deleted. Whoever used it gets the next one that applies.
reply-preset-used = { $name } answers you with “{ $preset }” now.
reply-preset-off = { $name } answers you with the house’s own preset now, whatever anybody else chose.
reply-preset-inherited = For { $name }, you leave it to the next one who chose. ({ $preset })
reply-preset-default = Every character answers you with “{ $preset }” now, unless you chose another for one of them.
reply-preset-default-off = Every character answers you with the house’s own preset now, unless you chose another for one of them.
reply-preset-default-inherited = You leave it to the characters and the house which preset answers you.
reply-preset-exported = The preset “{ $preset }”, to keep or to hand on.
reply-preset-import-ask = A preset comes from a file that /preset export made.
form-preset-file = The file of the preset
reply-preset-list = { $count ->
        [one] The preset you can use
       *[other] The { $count } presets you can use
    }
reply-preset-none = You have no preset yet. To make one: /preset create and a name, with --model, --temperature and the like.
preset-row-own = { $values } · yours
preset-row-offered = { $values } · offered by the house
preset-house = the house’s own
preset-answering = { $preset } · { $by }
label-preset-answering = { $name } answers you with
reply-prompt-ask = What should be told to the characters about how to answer you? It goes beside who they are and never replaces it, and nobody else’s answers change by it.
form-prompt-text = How to answer you
reply-prompt-set = The next answer follows it. /prompt view shows it, /prompt clear takes it back.
reply-prompt-off = No instructions at all from now on, only who the character is.
reply-prompt-cleared = Your own instructions are taken back; the next one who gave some applies.
reply-prompt-view = What { $name } is told about how to answer you
prompt-none = nothing

## /persona
reply-persona-default = Every character sees you so from now on, unless you chose another persona for one of them.
reply-persona-edit-ask = Three questions; whatever you leave stays as it is, a single hyphen takes it away.
reply-persona-delete-ask = This deletes the persona { $name } for good, with everything the characters remember of it.
reply-persona-deleted = The persona { $name } is deleted.
form-persona-name = What they should call you
form-persona-pronouns = Your pronouns
form-persona-description = What they should know about you
persona-usual = the usual one

## /personality
reply-personality-found = Characters that fit “{ $words }”
reply-personality-not-found = No character here fits “{ $words }”.
reply-personality-configured = How { $name } answers
reply-personality-guest = One more member can talk to { $name } now.
reply-personality-co-owner = One more member looks after { $name } with you now.
reply-personality-without = That member is no longer among those { $name } is for.
reply-personality-transfer-ask = This gives { $name } to { $who }. What { $name } remembers of each member stays with { $name }. Only { $who } can give { $name } back.
reply-personality-transferred = { $name } belongs to { $who } now.
reply-personality-avatar = { $name } has a new picture.
reply-personality-avatar-gone = { $name } has no picture any more.
reply-personality-exported = { $name } as a file, to keep, to change or to hand on. Memories are not in it.
reply-personality-import-ask = A character comes from a file: one that /personality export made, or a character card as JSON.
form-personality-file = The file of the character
label-personality-adult = Adults only
label-personality-prompt = Who it is
label-personality-temperature = Temperature
label-personality-max-tokens = Longest answer
label-personality-memory = May remember
label-personality-daily = What others may ask of your characters in a day
personality-shared = { $about } (yours, shared with some)
personality-guest = { $about } (shared with you)

## /memory
memory-origin-corrected = put right by you
memory-origin-inferred = made of what was said
memory-outdated = no longer so
memory-locked = locked
memory-flagged = doubtful: { $reason }
reply-memory-correct-ask = How is it really? What you write takes the place of this, and the old wording is never used again.
form-memory-correct = How it really is
reply-memory-corrected = Put right. From now on this is what is remembered:
reply-memory-flagged = Marked as doubtful.
reply-memory-unflagged = The mark is taken away.
reply-memory-locked = { $count ->
        [one] The memory is kept
       *[other] { $count } memories are kept
    } when many are deleted at once.
reply-memory-unlocked = { $count ->
        [one] The memory goes
       *[other] { $count } memories go
    } with the others from now on.
reply-memory-stats = { $count ->
        [one] One memory in all
       *[other] { $count } memories in all
    }, by character and persona
memory-stats-row = { $count }, of them { $locked } locked and { $flagged } doubtful; { $size } characters; from { $first } to { $last }
reply-session-none = No session runs here. /session start begins one.
reply-session-view = Sessions that run here:
session-row = { $count ->
    [one] since { $since }; one exchange is remembered
   *[other] since { $since }; { $count } exchanges are remembered
}, by { $people ->
    [one] one person
   *[other] { $people } people
}
reply-session-started = From now on, what { $name } is told here is remembered here only, by everybody’s answers, until /session end. Then it is forgotten, unless it ends with --keep.
reply-session-forgotten = The session with { $name } is over. { $forgotten ->
    [0] There was nothing to forget.
    [one] One exchange is forgotten.
   *[other] { $forgotten } exchanges are forgotten.
} { $kept ->
    [0] The conversation starts afresh.
    [one] One that was locked stays with whoever said it. The conversation starts afresh.
   *[other] { $kept } that were locked stay with those who said them. The conversation starts afresh.
}
reply-session-kept = The session with { $name } is over. { $kept ->
    [0] There was nothing to keep.
    [one] One exchange stays with whoever said it, as a memory of their own.
   *[other] { $kept } exchanges stay with those who said them, as memories of their own.
}
memory-of-session = of the running session
memory-sealed = { $kind ->
    [fact] A fact
    [profile] Something between the two of you
    [summary] A summary
   *[other] An exchange
} from an encrypted room. The words are shown in that room only.
memory-sealed-short = (from an encrypted room)
inspect-memory-of-another = (somebody else’s, of this session)
reply-incognito-on = Until { $until }, nothing you say is remembered. The conversation itself goes on as usual.
reply-incognito-off = What you say is remembered again.
reply-incognito-none = You are not incognito: what you say is remembered.
reply-incognito-some = Nothing is remembered, until then, with
reply-fresh-on = Until { $until }, you are met as if nothing were remembered. Nothing is deleted.
reply-fresh-off = What is remembered is used again.
reply-fresh-none = What is remembered is used.
reply-fresh-some = You are met without memories, until then, by
quiet-everyone = everyone
reply-forget-me-ask = This deletes all that the characters remember of you, for good: { $count } memories. Locked ones stay. The conversations themselves stay as well.
reply-forget-me-ask-one = This deletes all that { $name } remembers of you, for good: { $count } memories. Locked ones stay. The conversations themselves stay as well.

## /inspect
label-inspect-prompt = Instructions
label-inspect-remembered = This exchange
inspect-remembered = is remembered
inspect-not-remembered = is not remembered

## /settings
label-settings-footer = A line about the model below answers
label-settings-memory = Being remembered
label-settings-sharing = Private memories used elsewhere
label-settings-budget = Your own limit for a day
reply-settings-budget = Your own limit for a day: { $budget }

## /usage
usage-row-lost = { $answers } broken off · counted as { $prompt } in at most · { $cost } $ · paid by { $paid }
usage-row-chore = { $answers } shares of work in the background · { $prompt } in, { $completion } out · { $cost } $ · paid by { $paid }
label-usage-storage = Kept about you
usage-storage = messages: { $messages } characters; memories: { $memories }

## Limits
limit-tokens = { $count } tokens
limit-answers = { $count } answers
limit-cost = { $cost } $
limit-none = no limit
limit-of-house = All that this house pays for
limit-of-member = Each member
limit-of-place = Each place
limit-of-owner = Each maker of characters
limit-of-one = { $id }
limit-per-minute = in a minute
limit-per-day = in a day
limit-per-month = in 30 days

## /admin
reply-admin-status = Greenroom { $version }
label-status-role = Role
role-together = everything in one process
label-status-age = Running for
status-age = { $days } d { $hours } h { $minutes } min
label-status-fronts = Front ends
label-status-waiting = Answers owed
status-waiting = { $count ->
        [0] none
       *[other] { $count }, the oldest for { $seconds } s
    }
status-states = queued { $queued }, being answered { $running }, being sent { $sending }
label-status-workers = Workers
status-workers = { $busy } of { $all } busy
label-status-members = Members
label-status-messages = Messages
label-status-memories = Memories
label-status-unindexed = Memories waiting for the index
status-unindexed = { $count ->
        [0] none
       *[other] { $count }, the oldest for { $seconds } s
    }
label-status-database = Database
label-status-store = Memory store
label-status-model = Model
label-status-breakers = Models left alone after failures
status-breakers-none = none
status-breakers = { $count ->
        [1] { $provider }: one
       *[other] { $provider }: { $count }
    }
label-status-chores = Last done
chore-count = counting
chore-index = index of memories
chore-distil = distilling
chore-tidy = tidying up
chore-not-yet = not yet
status-works = works
status-away = does not answer
reply-admin-limits = { $count ->
        [one] The limit of this house
       *[other] The { $count } limits of this house
    }
reply-admin-limits-none = There is no limit. To set one: /admin limits member day --tokens 50000
reply-admin-denied = Turned away:
reply-admin-denied-list = { $count ->
        [one] The one who is turned away
       *[other] The { $count } who are turned away
    }
reply-admin-denied-none = Nobody is turned away.
reply-admin-allowed = { $who } is let in again.
reply-admin-announced = It is told in every place once, with the next answer there.
reply-admin-announced-nothing = Nothing is announced any more.
reply-admin-model = What answers where nobody chose another preset
denial-block = not read
denial-mute = read, not answered
denial-place = in this place
denial-house = in the whole house
denial-for-good = for good
denial-until = until { $until }

## /place
reply-place-settings = What holds in this place
reply-place-allowed = { $name } may answer here.
reply-place-denied = { $name } does not answer here any more.
label-place-active = Active
label-place-activate = Who says who is active
label-place-only-allowed = Only allowed characters answer
label-place-allowed = Allowed
label-place-denied = Not allowed
label-place-member-tokens = Tokens of each member in a day
label-place-all = Tokens of all in a day
label-place-sign = Commands begin with
place-everyone = everyone
place-moderators = those who look after the place
place-nobody = nobody

## Discord

reply-house-called = Hello! Talk to my characters by their names, such as { $mention }Abi, or write to me in private. /help shows what can be asked of me, /about what I am and what I store.
button-previous = Previous
button-next = Next
reply-persona-links = { $count ->
    [0] No service such as PluralKit has spoken for you here yet.
   *[other] Who you are when a service speaks for you:
}
reply-persona-linked = When { $name } speaks for you, the characters now see { $persona }.
menu-inspect = Inspect
menu-forget = Forget this
menu-again = Answer again
menu-unsay = Take this back
greeting-room = Hello! This is Greenroom, a home for AI characters: { $people }. Call one by name, such as { $mention }Abi, or reply to what one said. I hear only what is said to us, unless somebody lets one of us answer everything here with /activate. /help shows what else can be asked.
greeting-direct = Hello! This is Greenroom, a home for AI characters: { $people }. Just write, and one of us answers; { $mention }Abi or another name calls that one. /help shows what else can be asked.
matrix-answered-in-private = I have answered you in private.
matrix-form-ask = { $label }? Write it as your next message; { $cancel } stops this.
matrix-form-optional = { $label }? Write it as your next message; { $keep } leaves it as it is, and { $cancel } stops this.
matrix-form-file = { $label }? Send it as a text file; { $cancel } stops this.
matrix-login-lost = The Matrix account { $user } of { $name } cannot be used any more. Until it can, { $name } speaks through mine. The log and “greenroom doctor” say what is wrong with it.
matrix-unread = I cannot read this message: its key has not reached me. I answer when it comes; if it does not, please say it again.
matrix-key-removed = That message held what looks like a provider’s key, so I took it away and kept nothing of it. Others may have seen it: revoke the key at its provider. To give a key to this house: /keys set
matrix-key-stays = That message holds what looks like a provider’s key. I kept nothing of it, but may not take it away here: please delete it yourself, and revoke the key at its provider, as others may have seen it. To give a key to this house: /keys set
matrix-key-stays-here = I may not take your message with the key away here: please delete it yourself.
reply-again = Here comes another answer in its place.
reply-unsaid = That answer is taken back; nobody remembers it.
notice-takes-longer = { $name } is taking longer than usual. The answer is still on its way.
reply-canon = What is true of { $name } in every talk.
reply-canon-added = That is true of { $name } from now on.
reply-canon-removed = That is no longer true of { $name }.
reply-canon-none = Nothing is set down about { $name } yet. To begin: /personality canon { $name } --add "…"
memory-doubt-same = may say the same as { $id }
memory-doubt-against = may not go with { $id }
