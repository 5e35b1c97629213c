# Lo que dice el terminal por su cuenta.

console-welcome = Estás hablando con { $name }, un personaje de IA. Escribe y pulsa Intro; /help muestra qué más hay; con Ctrl-D sales.
console-tiny-model =
    Este es { $model }, un modelo diminuto que funciona dentro de Greenroom. Enseña cómo funciona la casa; listo no es.
    Para tener uno mejor, arranca Ollama o configura LLM_BASE_URL, LLM_API_KEY y LLM_MODEL.
console-using-server = Responde { $model } en { $server }, encontrado en este equipo.
console-fetching-model = Descargando { $model } (solo esta vez)
console-fetched-model = { $model } ya está aquí.
console-writing = { $name } está escribiendo…
console-takes-longer = { $name } tarda más de lo normal. Ctrl-C detiene la respuesta.
console-stopped = Detenido.
console-leave-hint = Con Ctrl-D sales.
console-goodbye = Hasta pronto. Lo que has dicho queda guardado.
console-no-history = No se ha podido guardar el historial de entrada en { $path }.
console-file-saved = Guardado como { $path }
console-file-not-saved = No se pudo guardar el archivo en { $path }: { $why }
console-form-optional = Una línea vacía deja algo como está.
console-form-left = Se queda como estaba.
console-file-not-read = No se puede leer el archivo { $path }: { $why }. Indica otro, o deja la línea vacía para dejarlo así.
