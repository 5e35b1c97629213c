# Lo que responden los comandos. Los mensajes `label-…` dan nombre a las filas de una respuesta.

## /memory
reply-memory-page = { $count ->
        [one] Un recuerdo
       *[other] { $count } recuerdos
    }, página { $page } de { $pages }. Para borrar uno: /memory delete y su identificador.
reply-memory-none = Todavía no se recuerda nada de ti. Habla con alguien y aparecerá aquí.
reply-memory-found = { $count ->
        [one] Un recuerdo encaja
       *[other] { $count } recuerdos encajan
    } con «{ $words }», el mejor primero.
reply-memory-not-found = No encuentro ningún recuerdo sobre «{ $words }».
reply-memory-more = Más: { $command }
reply-memory-deleted = { $count ->
        [one] El recuerdo se ha borrado para siempre.
       *[other] Se han borrado { $count } recuerdos para siempre.
    }
reply-memory-entry = { $id } · { $when } · { $personality } · { $origin }
memory-origin-user-said = de una conversación
memory-origin-import = traído de otro sitio

## /reset
reply-reset-done = Empezamos de nuevo: la próxima respuesta no sabrá nada de lo que se dijo aquí antes. Los recuerdos se quedan. Para deshacerlo: /reset undo
reply-reset-undone = Ha vuelto la conversación de antes del último reinicio.

## /inspect
reply-inspect = Con qué se hizo la última respuesta
label-inspect-personality = Respondió
label-inspect-persona = Tú eras
label-inspect-model = Modelo
label-inspect-provider = Servido por
label-inspect-key = Pagado por
label-inspect-tokens = Tokens
label-inspect-time = Tiempo
label-inspect-history = Mensajes anteriores
label-inspect-memories = Recuerdos usados
label-inspect-memory = Recuerdo { $id }
label-inspect-failure = Sin respuesta porque
label-inspect-trace = Rastro
inspect-key-local = nadie: el modelo funciona aquí
inspect-key-operator = la clave de la casa
inspect-key-member = tu clave
inspect-tokens = { $prompt } de entrada, { $completion } de salida
inspect-tokens-counted = unos { $prompt } de entrada, { $completion } de salida (contados aquí)
inspect-time = { $total } s, primeras palabras a los { $first } s
inspect-none = ninguno
label-inspect-preset = Ajuste
label-inspect-budget = Prompt
inspect-budget-parts = { $total } de { $limit } tokens: personaje { $character }, historial { $history }, recuerdos { $memories }, mensaje { $message }
inspect-time-own = la casa tardó { $millis } ms
inspect-memory-used = en el prompt, { $tokens } tokens; puntuación { $score } (significado { $dense }, palabras { $lexical })
inspect-memory-unused = encontrado, fuera por falta de espacio; puntuación { $score } (significado { $dense }, palabras { $lexical })
inspect-memory-gone = (borrado desde entonces)
inspect-recall-away = ninguno: la memoria no respondió a tiempo

## /help
reply-help = Lo que puedes pedirle a la casa. Todo lo demás que escribas va al personaje con el que estás hablando.
reply-help-more = Más sobre un comando: /help y su nombre.

## /about
reply-about = Esto es Greenroom { $version }, un hogar propio para personajes de IA.
label-about-model = Modelo
label-about-database = Base de datos
label-about-store = Memoria
label-about-embedder = Encuentra significados con
label-about-personalities = Personajes
label-about-locales = Idiomas
about-model = { $model } ({ $provider })
about-model-tiny = { $model } ({ $provider }): un modelo diminuto que enseña cómo funciona la casa y no es listo

## /personality y /talk
reply-personality-list = Con quién puedes hablar aquí
reply-personality-none = Todavía no vive nadie aquí. Quien lleva esta casa puede añadir archivos de personajes.
reply-personality-view = { $name }: { $about }
label-personality-slug = Nombre corto
label-personality-pronouns = Pronombres
label-personality-aliases = También responde a
reply-talk = Ahora hablas con { $name }.

## /persona
reply-persona-view = Así te ven los personajes. Para cambiarlo: /persona edit
reply-persona-saved = Guardado. A partir de ahora los personajes te ven así.
label-persona-name = Nombre
label-persona-pronouns = Pronombres
label-persona-description = Sobre ti
persona-not-set = sin indicar

## /settings
reply-settings-view = Tus ajustes
reply-settings-time-zone = Las fechas se muestran ahora en { $zone }. Allí son las { $time }.
reply-settings-locale = A partir de ahora te hablo en español.
label-settings-time-zone = Zona horaria
label-settings-locale = Idioma

## /data
reply-data-exported = Todo lo que esta casa guarda sobre ti: { $messages } mensajes (los tuyos y las respuestas), { $memories } recuerdos, { $answers } respuestas, pagadas o gratuitas. El archivo es JSON y cualquier programa puede leerlo.

## /keys
reply-keys-ask = Tu clave de { $provider } te responderá a ti con el modelo { $model }, a tu cargo, y a nadie más. Se guarda sellada y no se vuelve a mostrar. No la escribas en la conversación.
form-keys-key = Tu clave de { $provider }
reply-keys-set = Tu clave de { $provider } funciona. A partir de ahora te responde.
reply-keys-set-unverified = Tu clave de { $provider } está guardada, pero no se pudo preguntar a { $provider }. Se probará con tu próximo mensaje.
reply-keys-none = No has traído ninguna clave. Para traer una: /keys set y uno de { $providers }
reply-keys = { $count ->
        [one] Tu clave
       *[other] Tus claves
    }
reply-keys-tested = Tu clave de { $provider } { $state }.
reply-keys-removed = Tu clave de { $provider } ya no está en esta casa. En { $provider } sigue existiendo.
keys-row = { $mask } · { $model } · { $state } · última comprobación: { $checked }
keys-row-answering = { $mask } · { $model } · { $state } · última comprobación: { $checked } · te responde
keys-never-checked = nunca
keys-state-valid = funciona
keys-state-invalid = no se acepta
keys-state-no-credit = se quedó sin saldo
keys-state-limited = recibe demasiadas peticiones
keys-state-unverified = aún no se pudo comprobar

## /activate, /deactivate, /autorespond
reply-activated = { $name } responde ahora a todo lo que se dice aquí. Con /autorespond off espera a que lo llamen; /deactivate lo termina.
reply-deactivated = A partir de ahora nadie responde aquí sin ser llamado.
reply-autorespond-on = { $name } responde a todo lo que se dice aquí.
reply-autorespond-off = { $name } se queda y responde solo cuando lo llaman.

## /usage
reply-usage = { $period }: { $answers ->
        [one] una respuesta
       *[other] { $answers } respuestas
    }, { $prompt } tokens de entrada, { $completion } de salida, unos { $cost } $ según tarifa.
reply-usage-none = { $period }: ninguna respuesta.
usage-period-day = Las últimas 24 horas
usage-period-week = Los últimos 7 días
usage-period-month = Los últimos 30 días
usage-period-all = En total
usage-row = { $answers } · { $prompt } de entrada, { $completion } de salida · { $cost } $ · paga: { $paid }

## /persona create, list, use
reply-persona-created = Una persona nueva. Con /persona use y su nombre, los personajes te verán así; lo que recuerdan de ti se guarda aparte para cada persona.
reply-persona-list = { $count ->
        [one] Tienes una persona.
       *[other] Tienes { $count } personas.
    }
reply-persona-used = A partir de ahora los personajes te ven así, con los recuerdos de esta persona.
persona-in-use = en uso
persona-not-in-use = –
reply-data-erase-ask = Esto borra para siempre todo lo que esta casa guarda sobre ti: { $personas } personas, { $memories } recuerdos, { $messages } mensajes con sus respuestas, tus claves y tu consumo. Las copias de seguridad anteriores de quien lleva la casa aún lo tienen. Si quieres conservarlo, antes: /data export
form-data-erase = Para borrarlo todo, escribe { $name }
reply-data-erased = Todo está borrado. Si vuelves a decir algo, aquí eres alguien nuevo.

## /personality create, edit, share, delete
reply-personality-ask = ¿Quién es { $name }? Dos preguntas; una línea vacía lo deja todo como estaba.
form-personality-about = { $name } en una línea, para las listas
form-personality-prompt = Quién es { $name } y cómo habla, como se lo dirías a una actriz
reply-personality-created = { $name } vive aquí ahora, solo para ti. En el terminal, /talk y el nombre; en otros sitios, llama por el nombre. Con /personality share everyone toda la casa puede hablar con { $name }.
reply-personality-now = Esto es lo que se le dice ahora a { $name }; escríbelo de nuevo o déjalo con una línea vacía.
reply-personality-changed = { $name } ha cambiado. La próxima respuesta lo muestra.
reply-personality-shared = Ahora toda la casa puede hablar con { $name }. Lo que { $name } recuerda de ti queda entre vosotros.
reply-personality-unshared = { $name } vuelve a estar solo para ti.
reply-personality-delete-ask = Esto borra a { $name } para siempre, con lo dicho y todo lo que { $name } recuerda, de todo el mundo.
reply-personality-deleted = { $name } está borrado.
personality-private = { $about } (solo tuyo)
