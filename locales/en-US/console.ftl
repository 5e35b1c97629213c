# What the terminal says by itself.

console-welcome = You are talking to { $name }. Write and press Enter; /help shows what else there is; Ctrl-D leaves.
console-tiny-model =
    This is { $model }, a tiny model running inside Greenroom. It shows how the house works; it is not clever.
    For a better one, start Ollama, or set LLM_BASE_URL, LLM_API_KEY and LLM_MODEL.
console-using-server = Using { $model } on { $server }, found on this machine.
console-fetching-model = Fetching { $model } (only this once)
console-fetched-model = { $model } is here.
console-fetch-failed =
    { $model } could not be fetched, so nobody can answer yet.
    Start Ollama, or set LLM_BASE_URL, LLM_API_KEY and LLM_MODEL, or put a GGUF file at GREENROOM_LOCAL_MODEL.
console-writing = { $name } is writing…
console-takes-longer = { $name } is taking longer than usual. Ctrl-C stops the answer.
console-stopped = Stopped.
console-leave-hint = Ctrl-D leaves.
console-goodbye = Goodbye. What you said is kept; until next time.
console-no-history = The input history could not be saved to { $path }.
console-nothing-to-run =
    Greenroom has nowhere to listen yet: no front end is set up.
    Set DISCORD_TOKEN to join Discord, or MATRIX_HOMESERVER, MATRIX_USER and MATRIX_PASSWORD to join Matrix.
    To talk right here, without any of that: greenroom console
