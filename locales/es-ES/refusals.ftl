# Por qué algo no ha ocurrido: qué ha pasado y qué ayuda. Sin reproches y sin tecnicismos.

## El modelo no ha respondido: una línea para cada clase de fallo.

failure-key-invalid = El proveedor del modelo no acepta la clave que tiene, así que no puedo responder. Quien sea dueño de la clave puede revisarla o poner otra.
failure-no-credit = La cuenta que paga el modelo se ha quedado sin saldo. Cuando se recargue, vuelve a preguntar.
failure-rate-limited = El modelo recibe ahora más preguntas de las que puede responder. Dale un minuto y vuelve a preguntar.
failure-too-long = Eso es más texto del que el modelo puede leer de una vez. Prueba con un mensaje más corto o empieza de nuevo con /reset.
failure-refused = El proveedor del modelo ha preferido no responder a esto. Quizá ayude decirlo de otra manera.
failure-empty = El modelo no ha devuelto nada. Vuelve a preguntar, por favor.
failure-timed-out = El modelo tardaba demasiado y he dejado de esperar. Prueba otra vez dentro de un momento.
failure-down = Ahora mismo no se puede llegar al modelo. Prueba otra vez dentro de un rato.
failure-truncated = La conexión con el modelo se ha cortado a mitad de la respuesta. Vuelve a preguntar, por favor.
failure-malformed = El modelo ha enviado algo que no entiendo. Vuelve a preguntar; si sigue pasando, avisa a quien lleva esta casa.
failure-bad-request = Tal como está configurado, el modelo no puede responder a esto. Quien lleva esta casa puede revisar el nombre y los ajustes del modelo.
failure-cancelled = De acuerdo, lo dejo. No se guarda nada de esa respuesta.
failure-gave-up = Lo he intentado varias veces y cada vez algo ha fallado en la casa. Ha quedado anotado para quien la lleva. Prueba a preguntarlo de otra manera.

## Una línea que empieza como un comando pero no se puede leer como tal.

misread-empty = Un comando empieza con una barra y un nombre, por ejemplo /help.
misread-unclosed-quote = Hay unas comillas que se abren y no se cierran. Ciérralas y envíalo otra vez.
misread-unknown-command = No existe el comando { $given }. Con /help los ves todos.
misread-similar-command = No existe el comando { $given }. ¿Querías decir { $suggestion }?
misread-incomplete = A { $command } le falta una palabra. Puedes elegir entre: { $choices }.
misread-unknown-option = { $given } no es una opción de este comando. Se usa así: { $usage }
misread-similar-option = { $given } no es una opción de este comando. ¿Querías decir { $suggestion }?
misread-surplus = No sé qué hacer con «{ $given }». Se usa así: { $usage }
misread-missing-argument = Falta «{ $argument }». Se usa así: { $usage }
misread-missing-value = A «{ $argument }» le falta el valor. Se usa así: { $usage }
misread-repeated = «{ $argument }» aparece más de una vez; con una basta. Se usa así: { $usage }
misread-bad-choice = «{ $given }» no es una de las posibilidades. Puedes elegir entre: { $choices }.
misread-unclear = No puedo leer eso como un comando. Se usa así: { $usage }
misread-value-length = «{ $given }» no sirve como «{ $argument }»: no puede estar vacío y tiene { $max } caracteres como máximo.
misread-value-one-line = «{ $argument }» tiene que caber en una línea: «{ $given }» no cabe.
misread-value-page = «{ $given }» no es una página. «{ $argument }» es un número a partir de 1.
misread-value-memory = «{ $given }» no puede ser un identificador. Para «{ $argument }», copia las letras y cifras que muestra /memory view.
misread-value-locale = «{ $given }» no es un código de idioma. Para «{ $argument }», escribe algo como es-ES o en-US.
misread-value-zone = «{ $given }» no es una zona horaria. Para «{ $argument }», escribe un nombre como Europe/Madrid.

## Entendido, pero no es posible.

refusal-not-allowed = Eso solo puede hacerlo quien lleva esta casa.
refusal-only-terminal = { $command } solo funciona en el terminal.
refusal-personality-not-found = Aquí no hay nadie que se llame «{ $name }». Con /personality list ves quién está.
refusal-personality-similar = Aquí no hay nadie que se llame «{ $name }». ¿Querías decir { $suggestion }?
refusal-memory-not-found = No tienes ningún recuerdo con el identificador «{ $id }». Con /memory view ves los que hay. No se ha borrado nada.
refusal-memory-ambiguous = Más de uno de tus recuerdos termina en «{ $id }». Escribe algunos caracteres más del identificador. No se ha borrado nada.
refusal-page-beyond = La última página es la { $pages }.
refusal-inspect-nothing = Aquí todavía no hay ninguna respuesta que mirar.
refusal-reset-nothing-to-undo = Aquí no hay ningún reinicio que deshacer.
refusal-help-unknown = No existe el comando «{ $command }». Con /help los ves todos.
refusal-persona-nothing-to-change = No hay nada que cambiar. Indica al menos uno de estos: --name, --pronouns, --description.
refusal-zone-unknown = No conozco la zona horaria «{ $zone }». Escríbela como Europe/Madrid o America/New_York.
refusal-locale-unknown = Todavía no hablo «{ $locale }». Sí hablo: { $locales }.
refusal-message-too-long = Ese mensaje es demasiado largo: caben { $max } caracteres como máximo. Envíalo por partes, por favor.
refusal-internal = Algo ha fallado en la casa y ha quedado anotado para quien la lleva. Prueba otra vez, por favor.
refusal-model-not-offered = El modelo de esta casa no está abierto a todo el mundo. Pide a quien la lleva que te deje usarlo.
refusal-recall-away = Ahora mismo no se puede acceder a la memoria. No se ha cambiado nada; inténtalo de nuevo dentro de un rato.
