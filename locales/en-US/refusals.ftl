# Why something did not happen: what happened, and what helps. No blame, no internals.

## The model did not answer: one line for every class of failure.

failure-key-invalid = The model provider does not accept the key it was given, so I can’t answer. Whoever owns the key can check it or put in a new one.
failure-no-credit = The account that pays for the model has no credit left. Once it is topped up, ask again.
failure-rate-limited = The model is getting more questions than it may answer right now. Give it a minute and ask again.
failure-too-long = That is more text than the model can take in at once. Try a shorter message, or start afresh with /reset.
failure-refused = The model’s provider declined to answer this one. Saying it another way may help.
failure-empty = The model came back with nothing at all. Please ask again.
failure-timed-out = The model took too long, so I stopped waiting. Please try again in a moment.
failure-down = The model can’t be reached at the moment. Please try again in a little while.
failure-truncated = The connection to the model broke off in the middle of the answer. Please ask again.
failure-malformed = The model sent something I can’t make sense of. Please ask again; if it keeps happening, tell whoever runs this house.
failure-bad-request = The model isn’t set up in a way that lets it answer this. Whoever runs this house can check the model’s name and settings.
failure-cancelled = All right, I stopped. Nothing of that answer is kept.
failure-gave-up = I tried this several times, and each time something in the house broke. It has been written down for whoever runs it. Please ask in another way.
failure-own-key-invalid = Your own key is not accepted any more, so I can’t answer. /keys list shows it; /keys set puts in a new one, /keys remove takes it away.
failure-own-key-no-credit = The account behind your own key has no credit left. Top it up there, or take the key away with /keys remove.
failure-own-key-bad-request = Your provider does not take the model your key is set to. /keys list shows it; /keys set with --model chooses another.
failure-own-key-unusable = Your own key can’t be opened or used, and I don’t answer with anybody else’s. Put it in again with /keys set, or take it away with /keys remove.

## A line that starts like a command but cannot be read as one.

misread-empty = A command starts with a slash and a name, such as /help.
misread-unclosed-quote = There is an opening quotation mark without its partner. Add a closing one and send it again.
misread-unknown-command = There is no command { $given }. /help shows them all.
misread-similar-command = There is no command { $given }. Did you mean { $suggestion }?
misread-incomplete = { $command } needs one more word. You can choose from: { $choices }.
misread-unknown-option = { $given } is not an option here. It goes like this: { $usage }
misread-similar-option = { $given } is not an option here. Did you mean { $suggestion }?
misread-surplus = I don’t know what to do with “{ $given }”. It goes like this: { $usage }
misread-missing-argument = “{ $argument }” is missing. It goes like this: { $usage }
misread-missing-value = “{ $argument }” needs a value. It goes like this: { $usage }
misread-repeated = “{ $argument }” is there more than once; once is enough. It goes like this: { $usage }
misread-bad-choice = “{ $given }” is not one of the choices. You can choose from: { $choices }.
misread-unclear = I can’t read that as a command. It goes like this: { $usage }
misread-value-length = “{ $given }” can’t be used for “{ $argument }”: it may not be empty and has at most { $max } characters.
misread-value-one-line = “{ $argument }” has to fit on one line: “{ $given }” doesn’t.
misread-value-page = “{ $given }” is not a page. “{ $argument }” is a number from 1.
misread-value-memory = “{ $given }” can’t be an id. For “{ $argument }”, copy the letters and digits that /memory view shows.
misread-value-locale = “{ $given }” is not a language tag. For “{ $argument }”, write something like de or en-US.
misread-value-zone = “{ $given }” is not a time zone. For “{ $argument }”, write a name such as Europe/Berlin.

## Understood, but not possible.

refusal-not-allowed = Only whoever runs this house can do that.
refusal-only-terminal = { $command } works only in the terminal.
refusal-personality-not-found = There is nobody called “{ $name }” here. /personality list shows who is.
refusal-personality-similar = There is nobody called “{ $name }” here. Did you mean { $suggestion }?
refusal-memory-not-found = You have no memory with the id “{ $id }”. /memory view shows the ids there are. Nothing was deleted.
refusal-memory-ambiguous = More than one of your memories ends in “{ $id }”. Give a few more characters of the id. Nothing was deleted.
refusal-page-beyond = The last page is page { $pages }.
refusal-inspect-nothing = There is no answer here to look at yet.
refusal-reset-nothing-to-undo = There is no reset to take back here.
refusal-help-unknown = There is no command “{ $command }”. /help shows them all.
refusal-persona-nothing-to-change = Nothing to change. Give at least one of --name, --pronouns and --description.
refusal-zone-unknown = I don’t know the time zone “{ $zone }”. Write it like Europe/Berlin or America/New_York.
refusal-locale-unknown = I don’t speak “{ $locale }” yet. I do speak: { $locales }.
refusal-message-too-long = That message is too long to take in: { $max } characters is the most. Please send it in pieces.
refusal-internal = Something went wrong in the house, and it has been written down for whoever runs it. Please try again.
refusal-model-not-offered = The model of this house is not open to everyone. Bring your own key with /keys set, or ask whoever runs this house.
refusal-recall-away = Memory can’t be reached at the moment. Nothing was changed; please try again in a little while.
refusal-keys-provider-unknown = I don’t know the provider “{ $provider }”. I know: { $providers }.
refusal-keys-none = You have no key for { $provider } here. /keys list shows yours.
refusal-keys-no-model = Say which model of { $provider } to use: /keys set { $provider } --model and its name.
refusal-keys-not-a-key = That is not what a key looks like: it is one word without spaces, of at least 8 characters. Nothing was kept.
refusal-keys-too-often = That was a lot of keys in a short time. The next one can be tried in { $minutes } min. Nothing was kept.
refusal-keys-refused = { $provider } does not accept this key. Nothing was kept.
refusal-keys-model-unknown = { $provider } accepts the key but does not know that model. Name one with --model. Nothing was kept.
refusal-keys-unusable = The key for { $provider } can’t be used just now; it has been written down for whoever runs this house.
refusal-key-in-message = That message holds what looks like a provider’s key, so I did not take it in: nothing of it is stored or sent anywhere. If others could see it, revoke the key at its provider. To give a key to this house: /keys set
refusal-nobody-active = Nobody is active here. /activate and a name changes that.
refusal-persona-exists = You have a persona called “{ $name }” already. Choose another name.
refusal-persona-not-found = You have no persona called “{ $name }”. /persona list shows yours.
refusal-data-not-confirmed = That is not “{ $name }”, so nothing was erased.
refusal-personality-exists = There is a “{ $name }” here already. Choose another name.
refusal-personality-too-many = You have { $max } characters, which is the most one member may have.
refusal-personality-about = The line about a character has to be one line of at most 200 characters. Nothing was kept.
refusal-personality-prompt = Who a character is takes { $min } to { $max } characters. Nothing was kept.
refusal-personality-not-yours = { $name } is not yours to change.
refusal-personality-private-here = { $name } is private and can be activated only where you are alone with the house. /personality share everyone changes that.
