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
failure-own-key-invalid = Tu propia clave ya no se acepta, así que no puedo responder. /keys list la muestra; /keys set pone otra y /keys remove la quita.
failure-own-key-no-credit = La cuenta de tu propia clave se quedó sin saldo. Recárgala allí o quita la clave con /keys remove.
failure-own-key-bad-request = Tu proveedor no acepta el modelo que tiene puesto tu clave. /keys list lo muestra; /keys set con --model elige otro.
failure-own-key-unusable = Tu propia clave no se puede abrir o usar, y no respondo con la de nadie más. Ponla otra vez con /keys set o quítala con /keys remove.

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
refusal-model-not-offered = El modelo de esta casa no está abierto a todo el mundo. Trae tu propia clave con /keys set o pregunta a quien la lleva.
refusal-recall-away = Ahora mismo no se puede acceder a la memoria. No se ha cambiado nada; inténtalo de nuevo dentro de un rato.
refusal-keys-provider-unknown = No conozco el proveedor «{ $provider }». Conozco: { $providers }.
refusal-keys-none = Aquí no tienes ninguna clave de { $provider }. /keys list muestra las tuyas.
refusal-keys-no-model = Di qué modelo de { $provider } hay que usar: /keys set { $provider } --model y su nombre.
refusal-keys-not-a-key = Eso no parece una clave: es una sola palabra sin espacios, de al menos 8 caracteres. No se guardó nada.
refusal-keys-too-often = Han sido muchas claves en poco tiempo. La siguiente se puede probar dentro de { $minutes } min. No se guardó nada.
refusal-keys-refused = { $provider } no acepta esta clave. No se guardó nada.
refusal-keys-model-unknown = { $provider } acepta la clave pero no conoce ese modelo. Indica uno con --model. No se guardó nada.
refusal-keys-unusable = La clave de { $provider } no se puede usar ahora; ha quedado anotado para quien lleva esta casa.
refusal-key-in-message = Ese mensaje contiene lo que parece la clave de un proveedor, así que no lo he aceptado: nada de él se guarda ni se envía. Si otras personas pudieron verla, revócala en su proveedor. Para dar una clave a esta casa: /keys set
refusal-nobody-active = Aquí no hay nadie activo. /activate y un nombre lo cambian.
refusal-persona-exists = Ya tienes una persona llamada «{ $name }». Elige otro nombre.
refusal-persona-not-found = No tienes ninguna persona llamada «{ $name }». /persona list muestra las tuyas.
refusal-data-not-confirmed = Eso no es «{ $name }», así que no se borró nada.
refusal-personality-exists = Aquí ya hay alguien llamado «{ $name }». Elige otro nombre.
refusal-personality-too-many = Tienes { $max } personajes, que es lo máximo para un miembro.
refusal-personality-about = La línea sobre un personaje tiene que ser una sola, de 200 caracteres como máximo. No se guardó nada.
refusal-personality-prompt = Decir quién es un personaje lleva de { $min } a { $max } caracteres. No se guardó nada.
refusal-personality-not-yours = { $name } no es tuyo y no puedes cambiarlo.
refusal-personality-private-here = { $name } es privado y solo puede estar activo donde estás a solas con la casa. /personality share everyone lo cambia.
