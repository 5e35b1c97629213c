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

console-backup-made = { $path } holds what this house keeps, with its pictures. The keyset { $keyset } is not in it: keep a copy elsewhere, or members’ keys are lost. What devices on Matrix know is not in it either: an older copy would break encryption.
console-backup-postgres =
    This house is on PostgreSQL, whose own tool makes its backups. Run:
    { $line }
    Copy the folder { $pictures } as well, if there is one, and keep the keyset elsewhere.
console-restore-postgres =
    This house is on PostgreSQL, whose own tool takes its backups back. Into an empty database, run:
    { $line }
    and after that, before the house starts: greenroom restore --settle
console-restored = The house is back. { $count ->
        [0] Nothing was under way in it.
        [one] One answer that was under way then is not given any more: it may have been given already.
       *[other] { $count } answers that were under way then are not given any more: they may have been given already.
    }
console-restored-reindex = Run greenroom reindex before you start it: the vectors in Qdrant are those of another time.

console-audit-whole = The log is whole up to row { $n }. Note the next line and keep it elsewhere, for --noted.
console-audit-changed = Row { $n } is not as it was written, or does not follow the one before.
console-audit-missing = Row { $n } is missing.
console-audit-cut = The log ends with row { $n }, and once went further.
console-audit-noted = Row { $n } is not the one that was noted.
