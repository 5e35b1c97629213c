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

console-backup-made = { $path } contiene lo que guarda esta casa, con sus imágenes. El juego de claves { $keyset } no está dentro: guarda una copia en otro sitio o se perderán las claves de los miembros. Tampoco está lo que saben los dispositivos de Matrix: una copia más antigua rompería el cifrado.
console-backup-postgres =
    Esta casa está en PostgreSQL, que hace sus copias con su propia herramienta. Ejecuta:
    { $line }
    Copia también la carpeta { $pictures }, si existe, y guarda el juego de claves en otro sitio.
console-restore-postgres =
    Esta casa está en PostgreSQL, que recupera sus copias con su propia herramienta. En una base de datos vacía, ejecuta:
    { $line }
    y después, antes de que arranque la casa: greenroom restore --settle
console-restored = La casa ha vuelto. { $count ->
        [0] No había nada en marcha.
        [one] Una respuesta que estaba en marcha entonces ya no se da: puede que ya llegara.
       *[other] { $count } respuestas que estaban en marcha entonces ya no se dan: puede que ya llegaran.
    }
console-restored-reindex = Ejecuta greenroom reindex antes de arrancarla: los vectores de Qdrant son de otro momento.

console-audit-whole = El registro está intacto hasta la fila { $n }. Anota la línea siguiente y guárdala en otro sitio, para --noted.
console-audit-changed = La fila { $n } no está como se escribió o no sigue a la anterior.
console-audit-missing = Falta la fila { $n }.
console-audit-cut = El registro termina en la fila { $n } y antes llegaba más lejos.
console-audit-noted = La fila { $n } no es la que se anotó.
