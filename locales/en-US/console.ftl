# What the terminal says by itself.

console-welcome = You are talking to { $name }, an AI character. Write and press Enter; /help shows what else there is; Ctrl-D leaves.
console-tiny-model =
    This is { $model }, a tiny model running inside Greenroom. It shows how the house works; it is not clever.
    For a better one, start Ollama, or set LLM_BASE_URL, LLM_API_KEY and LLM_MODEL.
console-using-server = Using { $model } on { $server }, found on this machine.
console-fetching-model = Fetching { $model } (only this once)
console-fetched-model = { $model } is here.
console-writing = { $name } is writing…
console-takes-longer = { $name } is taking longer than usual. Ctrl-C stops the answer.
console-stopped = Stopped.
console-leave-hint = Ctrl-D leaves.
console-goodbye = Goodbye. What you said is kept; until next time.
console-no-history = The input history could not be saved to { $path }.
console-file-saved = Saved as { $path }
console-file-not-saved = The file could not be saved to { $path }: { $why }
console-form-optional = An empty line leaves a thing as it is.
console-form-left = Left as it was.
console-file-not-read = The file { $path } can’t be read: { $why }. Give another, or an empty line to leave.
