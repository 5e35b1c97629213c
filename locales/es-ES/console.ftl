# Lo que dice el terminal por su cuenta.

console-welcome = Estás hablando con { $name }. Escribe y pulsa Intro; /help muestra qué más hay; con Ctrl-D sales.
console-tiny-model =
    Este es { $model }, un modelo diminuto que funciona dentro de Greenroom. Enseña cómo funciona la casa; listo no es.
    Para tener uno mejor, arranca Ollama o configura LLM_BASE_URL, LLM_API_KEY y LLM_MODEL.
console-using-server = Responde { $model } en { $server }, encontrado en este equipo.
console-fetching-model = Descargando { $model } (solo esta vez)
console-fetched-model = { $model } ya está aquí.
console-fetch-failed =
    No se ha podido descargar { $model }, así que todavía no puede responder nadie.
    Arranca Ollama, o configura LLM_BASE_URL, LLM_API_KEY y LLM_MODEL, o indica un archivo GGUF en GREENROOM_LOCAL_MODEL.
console-writing = { $name } está escribiendo…
console-takes-longer = { $name } tarda más de lo normal. Ctrl-C detiene la respuesta.
console-stopped = Detenido.
console-leave-hint = Con Ctrl-D sales.
console-goodbye = Hasta pronto. Lo que has dicho queda guardado.
console-no-history = No se ha podido guardar el historial de entrada en { $path }.
console-nothing-to-run =
    Greenroom todavía no tiene dónde escuchar: no hay ninguna plataforma configurada.
    Configura DISCORD_TOKEN para entrar en Discord, o MATRIX_HOMESERVER, MATRIX_USER y MATRIX_PASSWORD para entrar en Matrix.
    Para hablar aquí mismo sin nada de eso: greenroom console
