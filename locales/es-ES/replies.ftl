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
inspect-memory-repeated = repetido: ya se dijo antes con las mismas palabras, y cuenta una vez ({ $count }: { $ids })
inspect-recall-away = ninguno: la memoria no respondió a tiempo

## /help
reply-help = Lo que puedes pedirle a la casa. Todo lo demás que escribas va al personaje con el que estás hablando.
reply-help-more = Más sobre un comando: /help y su nombre.

## /about
reply-about = Esto es Greenroom { $version }, un hogar para personajes de IA. Hablas con programas, no con personas.
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
reply-persona-view = Así te ven. Para cambiarlo: /persona edit
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
reply-data-exported = Todo lo que esta casa guarda sobre ti, con tus personajes, tus ajustes y lo que has elegido. El archivo es un ZIP con JSON para los programas y texto para leer.
label-data-messages = Mensajes, con sus respuestas
label-data-memories = Recuerdos
label-data-usage = Apuntes de consumo
label-data-personas = Personas
label-data-personalities = Personajes que son solo tuyos
label-data-shared = Personajes que compartes

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
reply-persona-created = Una persona nueva. Con /persona use y su nombre, te verá así el personaje con el que hablas; con /persona default, todos. Lo que recuerdan de ti se guarda aparte para cada persona.
reply-persona-list = { $count ->
        [one] Tienes una persona.
       *[other] Tienes { $count } personas.
    }
reply-persona-used = A partir de ahora { $name } te ve así, con lo que { $name } recuerda de esta persona.
persona-in-use = para { $name }
persona-not-in-use = –
reply-data-erase-ask = Esto borra para siempre todo lo que esta casa guarda sobre ti: lo que se cuenta aquí, tus claves, tus ajustes y lo que has elegido. Los personajes que compartes se quedan, sin dueño. Las copias de seguridad anteriores de quien lleva la casa aún lo tienen. Si quieres conservarlo, antes: /data export
form-confirm = Para confirmarlo, escribe { $name }
reply-data-erased = Todo está borrado. Si vuelves a decir algo, aquí eres alguien nuevo.

## /personality create, edit, share, delete
reply-personality-ask = ¿Quién es { $name }? Dos preguntas; lo que dejes en blanco queda como estaba.
form-personality-about = { $name } en una línea, para las listas
form-personality-prompt = Quién es { $name } y cómo habla, como se lo dirías a una actriz
reply-personality-created = { $name } vive aquí ahora, solo para ti. En el terminal, /talk y el nombre; en otros sitios, llama por el nombre. Con /personality share everyone toda la casa puede hablar con { $name }.
reply-personality-now = Esto es lo que se le dice ahora a { $name }; escríbelo de nuevo o déjalo así.
reply-personality-changed = { $name } ha cambiado. La próxima respuesta lo muestra.
reply-personality-shared = Ahora toda la casa puede hablar con { $name }. Lo que { $name } recuerda de ti queda entre vosotros.
reply-personality-unshared = { $name } vuelve a estar solo para ti.
reply-personality-delete-ask = Esto borra a { $name } para siempre, con lo dicho y todo lo que { $name } recuerda, de todo el mundo.
reply-personality-deleted = { $name } está borrado.
personality-private = { $about } (solo tuyo)

## Lo que la casa dice por su cuenta, antes de una respuesta o debajo de ella
disclosure-first-contact = Antes de empezar: estás hablando con un personaje de IA, no con una persona. Lo que dices se guarda aquí para poder recordarlo; /about dice qué y durante cuánto tiempo, /memory lo muestra, /data erase lo quita.
disclosure-announcement = De parte de quien lleva esta casa: { $text }
footer-incognito = no se recuerda nada hasta las { $until }
footer-fresh = no se usan recuerdos hasta las { $until }

## Quién lo decidió
decided-bond = elección tuya para { $name }
decided-member = elección tuya
decided-personality = elección de quien creó a { $name }
decided-house = elección de quien lleva esta casa
decided-nobody = tal como está hecha la casa
switch-on = sí
switch-off = no

## /about
label-about-ai = Quién responde
label-about-stored = Qué se guarda
label-about-stop = Cómo pararlo
about-ai = Personajes de IA. Pueden equivocarse, no hacen de terapeuta para nadie y, si preguntas, dicen que son IA.
about-stored = Lo que decís tú y los personajes, lo que recuerdan de ello, cómo quieres que te vean, lo que has elegido y lo que cuestan las respuestas. Las palabras de una respuesta van al modelo que se nombra aquí; con nada de eso se entrena ningún modelo.
about-stop = Con /memory incognito no se recuerda nada durante un rato, con /settings memory off nunca más; /memory forget-me y /data erase quitan lo que hay; /data export te lo entrega antes.

## /alias
reply-alias-added = { $name } responde ahora a «{ $alias }» cuando lo dices tú.
reply-alias-added-over = { $name } responde ahora a «{ $alias }» cuando lo dices tú. Para los demás, el nombre significa lo que significaba antes.
reply-alias-added-everyone = { $name } responde ahora a «{ $alias }», para toda la casa.
reply-alias-removed = «{ $alias }» ya no se refiere a nadie.
reply-alias-list = { $count ->
        [one] El otro nombre que puedes usar
       *[other] Los otros { $count } nombres que puedes usar
    }
reply-alias-none = Todavía no hay otros nombres. Para crear uno: /alias add, el nombre y --to con el personaje al que se refiere.
alias-row-own = { $name } · tuyo
alias-row-everyone = { $name } · de todos
alias-row-shadowed = { $name } · no se oye: lo tiene otro personaje o un nombre tuyo

## /preset y /prompt
reply-preset-created = El ajuste «{ $preset }» está creado: { $values }. Para usarlo, /preset use y su nombre; con /preset default, para todos los personajes.
reply-preset-changed = El ajuste «{ $preset }» dice ahora: { $values }.
reply-preset-deleted = El ajuste «{ $preset }» está borrado. Quien lo usaba pasa al siguiente que valga.
reply-preset-used = { $name } te responde ahora con «{ $preset }».
reply-preset-off = { $name } te responde ahora con el ajuste de la casa, elijan lo que elijan los demás.
reply-preset-inherited = Con { $name }, lo dejas en manos del siguiente que haya elegido. ({ $preset })
reply-preset-default = Todos los personajes te responden ahora con «{ $preset }», salvo si elegiste otro para alguno de ellos.
reply-preset-default-off = Todos los personajes te responden ahora con el ajuste de la casa, salvo si elegiste otro para alguno de ellos.
reply-preset-default-inherited = Dejas en manos de los personajes y de la casa con qué ajuste se te responde.
reply-preset-exported = El ajuste «{ $preset }», para guardarlo o pasárselo a alguien.
reply-preset-import-ask = Un ajuste viene de un archivo hecho con /preset export.
form-preset-file = El archivo del ajuste
reply-preset-list = { $count ->
        [one] El ajuste que puedes usar
       *[other] Los { $count } ajustes que puedes usar
    }
reply-preset-none = Todavía no tienes ningún ajuste. Para crear uno: /preset create y un nombre, con --model, --temperature y demás.
preset-row-own = { $values } · tuyo
preset-row-offered = { $values } · lo ofrece la casa
preset-house = de la casa
preset-answering = { $preset } · { $by }
label-preset-answering = { $name } te responde con
reply-prompt-ask = ¿Qué hay que decir a los personajes sobre cómo responderte? Va junto a lo que son y nunca lo sustituye, y no cambia las respuestas de nadie más.
form-prompt-text = Cómo responderte
reply-prompt-set = La próxima respuesta lo seguirá. /prompt view lo muestra, /prompt clear lo retira.
reply-prompt-off = A partir de ahora, ninguna instrucción, solo quién es el personaje.
reply-prompt-cleared = Tus propias instrucciones se han retirado; valen las del siguiente que haya dado alguna.
reply-prompt-view = Lo que se le dice a { $name } sobre cómo responderte
prompt-none = nada

## /persona
reply-persona-default = A partir de ahora todos los personajes te ven así, salvo si elegiste otra persona para alguno de ellos.
reply-persona-edit-ask = Tres preguntas; lo que dejes en blanco queda como está, un solo guion lo quita.
reply-persona-delete-ask = Esto borra para siempre la persona { $name }, con todo lo que los personajes recuerdan de ella.
reply-persona-deleted = La persona { $name } está borrada.
form-persona-name = Cómo deben llamarte
form-persona-pronouns = Tus pronombres
form-persona-description = Qué deben saber de ti
persona-usual = la de siempre

## /personality
reply-personality-found = Personajes que encajan con «{ $words }»
reply-personality-not-found = Aquí ningún personaje encaja con «{ $words }».
reply-personality-configured = Cómo responde { $name }
reply-personality-guest = Ahora un miembro más puede hablar con { $name }.
reply-personality-co-owner = Ahora un miembro más cuida contigo de { $name }.
reply-personality-without = Ese miembro ya no está entre aquellos para los que está { $name }.
reply-personality-transfer-ask = Con esto, { $name } pasa a ser de { $who }. Lo que { $name } recuerda de cada miembro se queda con { $name }. Solo { $who } puede devolverte a { $name }.
reply-personality-transferred = { $name } es ahora de { $who }.
reply-personality-avatar = { $name } tiene una imagen nueva.
reply-personality-avatar-gone = { $name } ya no tiene imagen.
reply-personality-exported = { $name } en un archivo, para guardarlo, cambiarlo o pasárselo a alguien. No lleva recuerdos.
reply-personality-import-ask = Un personaje viene de un archivo: uno hecho con /personality export o una ficha de personaje en JSON.
form-personality-file = El archivo del personaje
label-personality-adult = Solo para adultos
label-personality-prompt = Quién es
label-personality-temperature = Temperatura
label-personality-max-tokens = Respuesta más larga
label-personality-memory = Puede recordar
label-personality-daily = Lo que otros pueden pedir al día a tus personajes
personality-shared = { $about } (tuyo, compartido con algunos)
personality-guest = { $about } (compartido contigo)

## /memory
memory-origin-corrected = corregido por ti
memory-origin-inferred = sacado de lo dicho
memory-outdated = ya no es así
memory-locked = protegido
memory-flagged = dudoso: { $reason }
reply-memory-correct-ask = ¿Cómo es en realidad? Lo que escribas ocupa el lugar de esto, y la versión anterior no se vuelve a usar.
form-memory-correct = Cómo es en realidad
reply-memory-corrected = Corregido. A partir de ahora se recuerda esto:
reply-memory-flagged = Marcado como dudoso.
reply-memory-unflagged = La marca se ha quitado.
reply-memory-locked = { $count ->
        [one] El recuerdo se conserva
       *[other] { $count } recuerdos se conservan
    } cuando se borran muchos a la vez.
reply-memory-unlocked = { $count ->
        [one] El recuerdo se va
       *[other] { $count } recuerdos se van
    } con los demás a partir de ahora.
reply-memory-stats = { $count ->
        [one] Un recuerdo en total
       *[other] { $count } recuerdos en total
    }, por personaje y persona
memory-stats-row = { $count }, de ellos { $locked } protegidos y { $flagged } dudosos; { $size } caracteres; del { $first } al { $last }
reply-session-none = Aquí no hay ninguna sesión. /session start empieza una.
reply-session-view = Sesiones en curso aquí:
session-row = { $count ->
    [one] desde { $since }; se recuerda un intercambio
   *[other] desde { $since }; se recuerdan { $count } intercambios
}, de { $people ->
    [one] una persona
   *[other] { $people } personas
}
reply-session-started = Desde ahora, lo que se le diga aquí a { $name } se recuerda solo aquí, para las respuestas a todos, hasta /session end. Entonces se olvida, salvo que termine con --keep.
reply-session-forgotten = La sesión con { $name } ha terminado. { $forgotten ->
    [0] No había nada que olvidar.
    [one] Se ha olvidado un intercambio.
   *[other] Se han olvidado { $forgotten } intercambios.
} { $kept ->
    [0] La conversación empieza de nuevo.
    [one] Uno protegido se queda con quien lo dijo. La conversación empieza de nuevo.
   *[other] { $kept } protegidos se quedan con quienes los dijeron. La conversación empieza de nuevo.
}
reply-session-kept = La sesión con { $name } ha terminado. { $kept ->
    [0] No había nada que conservar.
    [one] Un intercambio se queda con quien lo dijo, como recuerdo propio.
   *[other] { $kept } intercambios se quedan con quienes los dijeron, como recuerdos propios.
}
memory-of-session = de la sesión en curso
memory-sealed = { $kind ->
    [fact] Un hecho
    [profile] Algo entre vosotros dos
    [summary] Un resumen
   *[other] Un intercambio
} de una sala cifrada. Las palabras solo se muestran en esa sala.
memory-sealed-short = (de una sala cifrada)
inspect-memory-of-another = (de otra persona, de esta sesión)
reply-incognito-on = Hasta el { $until } no se recuerda nada de lo que digas. La conversación en sí sigue como siempre.
reply-incognito-off = Lo que digas se vuelve a recordar.
reply-incognito-none = No estás de incógnito: lo que dices se recuerda.
reply-incognito-some = Hasta entonces no se recuerda nada con
reply-fresh-on = Hasta el { $until } te reciben como si no se recordara nada. No se borra nada.
reply-fresh-off = Lo que se recuerda se vuelve a usar.
reply-fresh-none = Lo que se recuerda se usa.
reply-fresh-some = Hasta entonces te reciben sin recuerdos
quiet-everyone = todos
reply-forget-me-ask = Esto borra para siempre todo lo que los personajes recuerdan de ti: { $count } recuerdos. Los protegidos se quedan. Las conversaciones en sí también.
reply-forget-me-ask-one = Esto borra para siempre todo lo que { $name } recuerda de ti: { $count } recuerdos. Los protegidos se quedan. Las conversaciones en sí también.

## /inspect
label-inspect-prompt = Instrucciones
label-inspect-remembered = Este intercambio
inspect-remembered = se recuerda
inspect-not-remembered = no se recuerda

## /settings
label-settings-footer = Una línea sobre el modelo bajo las respuestas
label-settings-memory = Recordar cosas de ti
label-settings-sharing = Usar en otros sitios recuerdos privados
label-settings-budget = Tu propio límite para un día
reply-settings-budget = Tu propio límite para un día: { $budget }

## /usage
usage-row-lost = { $answers } interrumpidas · contadas como { $prompt } de entrada como máximo · { $cost } $ · paga: { $paid }
usage-row-chore = { $answers } partes de trabajo en segundo plano · { $prompt } de entrada, { $completion } de salida · { $cost } $ · paga: { $paid }
label-usage-storage = Guardado sobre ti
usage-storage = mensajes: { $messages } caracteres; recuerdos: { $memories }

## Límites
limit-tokens = { $count } tokens
limit-answers = { $count } respuestas
limit-cost = { $cost } $
limit-none = sin límite
limit-of-house = Todo lo que paga esta casa
limit-of-member = Cada miembro
limit-of-place = Cada sitio
limit-of-owner = Cada creador de personajes
limit-of-one = { $id }
limit-per-minute = en un minuto
limit-per-day = en un día
limit-per-month = en 30 días

## /admin
reply-admin-status = Greenroom { $version }
label-status-role = Tarea
role-together = todo en un proceso
label-status-age = En marcha desde hace
status-age = { $days } d { $hours } h { $minutes } min
label-status-fronts = Accesos
label-status-waiting = Respuestas pendientes
status-waiting = { $count ->
        [0] ninguna
       *[other] { $count }, la más antigua desde hace { $seconds } s
    }
status-states = en cola { $queued }, en curso { $running }, enviándose { $sending }
label-status-workers = Trabajadores
status-workers = { $busy } de { $all } ocupados
label-status-members = Miembros
label-status-messages = Mensajes
label-status-memories = Recuerdos
label-status-unindexed = Recuerdos que esperan al índice
status-unindexed = { $count ->
        [0] ninguno
       *[other] { $count }, el más antiguo desde hace { $seconds } s
    }
label-status-database = Base de datos
label-status-store = Memoria
label-status-model = Modelo
label-status-breakers = Modelos en pausa tras fallos
status-breakers-none = ninguno
status-breakers = { $count ->
        [1] { $provider }: uno
       *[other] { $provider }: { $count }
    }
label-status-chores = Hecho por última vez
chore-count = recuento
chore-index = índice de recuerdos
chore-distil = destilación
chore-tidy = limpieza
chore-not-yet = todavía no
status-works = funciona
status-away = no responde
reply-admin-limits = { $count ->
        [one] El límite de esta casa
       *[other] Los { $count } límites de esta casa
    }
reply-admin-limits-none = No hay ningún límite. Para fijar uno: /admin limits member day --tokens 50000
reply-admin-denied = No puede entrar:
reply-admin-denied-list = { $count ->
        [one] Quien no puede entrar
       *[other] Los { $count } que no pueden entrar
    }
reply-admin-denied-none = Todo el mundo puede entrar.
reply-admin-allowed = { $who } puede entrar de nuevo.
reply-admin-announced = Se dice una vez en cada sitio, con la próxima respuesta que haya allí.
reply-admin-announced-nothing = Ya no se anuncia nada.
reply-admin-model = Qué responde donde nadie eligió otro ajuste
denial-block = no se lee
denial-mute = se lee, no se responde
denial-place = en este sitio
denial-house = en toda la casa
denial-for-good = para siempre
denial-until = hasta el { $until }

## /place
reply-place-settings = Lo que vale en este sitio
reply-place-allowed = { $name } puede responder aquí.
reply-place-denied = { $name } ya no responde aquí.
label-place-active = Activo
label-place-activate = Quién dice quién está activo
label-place-only-allowed = Solo responden personajes permitidos
label-place-allowed = Permitidos
label-place-denied = No permitidos
label-place-member-tokens = Tokens de cada miembro al día
label-place-all = Tokens de todos al día
label-place-sign = Las órdenes empiezan con
place-everyone = todos
place-moderators = quienes cuidan del sitio
place-nobody = nadie

## Discord

reply-house-called = ¡Hola! Habla con mis personajes por su nombre, por ejemplo { $mention }Abi, o escríbeme en privado. /help muestra qué se me puede pedir, /about qué soy y qué guardo.
button-previous = Anterior
button-next = Siguiente
reply-persona-links = { $count ->
    [0] Ningún servicio como PluralKit ha hablado aquí por ti todavía.
   *[other] Quién eres cuando un servicio habla por ti:
}
reply-persona-linked = Cuando { $name } habla por ti, los personajes ven ahora a { $persona }.
menu-inspect = Inspeccionar
menu-forget = Olvidar esto
menu-again = Responder otra vez
menu-unsay = Retirar esto
greeting-room = ¡Hola! Esto es Greenroom, una casa de personajes de IA: { $people }. Llama a uno por su nombre, por ejemplo { $mention }Abi, o responde a lo que haya dicho. Solo oigo lo que se nos dice, salvo que alguien haga con /activate que uno de nosotros conteste aquí a todo. /help muestra qué más se me puede pedir.
greeting-direct = ¡Hola! Esto es Greenroom, una casa de personajes de IA: { $people }. Escribe sin más y uno de nosotros contesta; { $mention }Abi u otro nombre llama a ese. /help muestra qué más se me puede pedir.
matrix-answered-in-private = Te he contestado en privado.
matrix-form-ask = ¿{ $label }? Escríbelo en tu próximo mensaje; { $cancel } lo deja.
matrix-form-optional = ¿{ $label }? Escríbelo en tu próximo mensaje; { $keep } lo deja como está y { $cancel } no sigue.
matrix-form-file = ¿{ $label }? Envíalo como archivo de texto; { $cancel } lo deja.
matrix-login-lost = La cuenta de Matrix { $user } de { $name } ya no se puede usar. Hasta que se pueda, { $name } habla por la mía. El registro y «greenroom doctor» dicen qué le pasa.
matrix-unread = No puedo leer este mensaje: no me ha llegado su clave. Contesto cuando llegue; si no llega, dilo otra vez, por favor.
matrix-key-removed = Ese mensaje contenía lo que parece la clave de un proveedor; lo he quitado y no he guardado nada. Otros pueden haberla visto: revócala en su proveedor. Para dar una clave a esta casa: /keys set
matrix-key-stays = Ese mensaje contiene lo que parece la clave de un proveedor. No he guardado nada, pero aquí no puedo quitarlo: bórralo tú, por favor, y revoca la clave en su proveedor, porque otros pueden haberla visto. Para dar una clave a esta casa: /keys set
matrix-key-stays-here = Aquí no puedo quitar tu mensaje con la clave: bórralo tú, por favor.
reply-again = En su lugar llega otra respuesta.
reply-unsaid = Esa respuesta queda retirada; nadie la recuerda.
notice-takes-longer = { $name } tarda más de lo normal. La respuesta sigue en camino.
reply-canon = Lo que es cierto de { $name } en toda conversación.
reply-canon-added = Desde ahora eso es cierto de { $name }.
reply-canon-removed = Eso ya no es cierto de { $name }.
reply-canon-none = Todavía no hay nada fijado sobre { $name }. Para empezar: /personality canon { $name } --add "…"
memory-doubt-same = quizá diga lo mismo que { $id }
memory-doubt-against = quizá no concuerde con { $id }
