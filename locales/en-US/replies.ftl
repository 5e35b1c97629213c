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
inspect-recall-away = none: memory did not answer in time

## /help
reply-help = What you can ask of the house. Anything else you write goes to the character you are talking to.
reply-help-more = More about one of them: /help and its name.

## /about
reply-about = This is Greenroom { $version }, a self-hosted home for AI characters.
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
reply-persona-view = This is how the characters see you. To change it: /persona edit
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
reply-data-exported = Everything this house keeps about you: { $messages } messages (yours and the answers), { $memories } memories, { $answers } paid or free answers. The file is JSON that any program can read.

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
reply-persona-created = A new persona. /persona use and its name, and the characters see you so; what they remember of you is kept apart for each persona.
reply-persona-list = { $count ->
        [one] You have one persona.
       *[other] You have { $count } personas.
    }
reply-persona-used = From now on the characters see you so, with the memories of this persona.
persona-in-use = in use
persona-not-in-use = –
reply-data-erase-ask = This erases everything this house keeps about you, for good: { $personas } personas, { $memories } memories, { $messages } messages with the answers to them, your keys and your usage. Backups that whoever runs this house made before still have it. /data export first, if you want to keep it.
form-data-erase = To erase it all, type { $name }
reply-data-erased = All of it is erased. If you say something again, you are new here.

## /personality create, edit, share, delete
reply-personality-ask = Who is { $name }? Two questions; an empty line leaves everything as it was.
form-personality-about = { $name } in one line, for lists
form-personality-prompt = Who { $name } is and how they talk, as you would tell an actor
reply-personality-created = { $name } lives here now, for you alone. In the terminal, /talk and the name; elsewhere, call the name. /personality share everyone lets all of this house talk to { $name }.
reply-personality-now = { $name } is told this now; write it anew, or leave it with an empty line.
reply-personality-changed = { $name } is changed. The next answer shows it.
reply-personality-shared = Everyone of this house can talk to { $name } now. What { $name } remembers of you stays between you two.
reply-personality-unshared = { $name } is there for you alone again.
reply-personality-delete-ask = This deletes { $name } for good, with what was said and everything { $name } remembers, of everybody.
reply-personality-deleted = { $name } is deleted.
personality-private = { $about } (yours alone)
