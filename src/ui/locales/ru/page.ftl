### Рамка страницы: шапка, поле ввода, приветствие, клавиши.

page-settings = Настройки
page-new-chat = Новый чат
page-skip = К полю ввода
page-nav = Страница
page-composer = Сообщение
page-elsewhere = на другой машине
page-on = на { $device }
page-models-suffix = : модели
page-loading-model = Загрузка модели

## До первого вопроса

page-welcome = Приветствие
page-welcome-title = Что решим сегодня?
page-welcome-thinks = Polo сначала думает, потом отвечает.
page-welcome-here = Polo работает на вашей видеокарте, в этой вкладке: ничто из написанного её не покидает.
page-welcome-server = Модель работает по адресу { $url }: написанное уходит туда и больше никому.
page-examples = Примеры задач
page-about = Что такое { $model } и чем не является
page-about-elsewhere = Она ошибается: важное проверяйте.
page-about-tiny = Модель из { $size } параметров, которая идёт вместе со страницей: в тысячу раз меньше обычных чат-моделей. Она выучила несколько видов задач и больше ничего: не умеет беседовать, не знает фактов и ошибается даже в своих задачах. Важное проверяйте.
page-about-model = Модель из { $size } параметров. Она ошибается: важное проверяйте.
page-about-file = В её файле сказано:
page-about-right = верно { $share }
page-about-suited = Взять настоящую модель для этой видеокарты
page-about-larger = Посмотреть все модели
page-starter-letters = Сколько букв «о» в слове «молокозавод»?
page-starter-proof = Докажи, что квадратный корень из 2 иррационален.
page-starter-ball = Бита и мяч вместе стоят 110 рублей; бита дороже мяча на 100 рублей. Сколько стоит мяч?
page-starter-code = Напиши функцию, которая определяет, палиндром ли строка.

## Что модель, по её словам, умеет

page-kind-arithmetic = Арифметика
page-kind-arithmetic4 = Арифметика с четырёхзначными числами
page-kind-words = Текстовые задачи
page-kind-decimals = Сравнение десятичных дробей
page-kind-letters = Подсчёт букв
page-kind-in-english = { $kind }, по-английски
page-kind-in-russian = { $kind }, по-русски
page-kind-in-chinese = { $kind }, по-китайски

## Числа с единицами

page-bytes = { $n ->
        [one] { $n } байт
        [few] { $n } байта
       *[many] { $n } байт
    }
page-kib = { $n } КиБ
page-mib = { $n } МиБ
page-gib = { $n } ГиБ
page-kb = { $n } кБ
page-mb = { $n } МБ
page-gb = { $n } ГБ
page-a-second = { $size }/с
page-of = { $done } из { $whole }
page-ms = { $n } мс
page-s = { $n } с
page-min-s = { $min } мин { $s } с
page-left-s = осталось { $n } с
page-left-min = осталось { $n } мин
page-left-h = осталось { $h } ч { $min } мин
page-billion = { $n } млрд
page-million = { $n } млн
page-percent = { $n } %

## Короткие слова для многих мест

page-close = Закрыть

# Токены ответа и уверенность модели в каждом.
page-confidence = Уверенность
page-confidence-about = Показать, насколько модель была уверена в каждом токене
page-tokens = Токены
page-tokens-title = Токены по уверенности
page-tokens-thought = Размышление
page-tokens-output = Ответ
page-tokens-legend = Уверенность:
page-tokens-unit = %
page-tokens-hint = Наведите на токен, чтобы увидеть, чем ещё он мог быть. Выберите его щелчком или стрелками, чтобы продолжить с него.
page-token-plain = «{ $text }»
page-token-sure = «{ $text }», уверенность { $share }
page-token-forced = «{ $text }», подставлен
page-token-of = Токен { $number } из { $count }: { $token }
page-token-taken = выбран
page-token-no-others = Другие варианты неизвестны.
page-token-go-on = Продолжить отсюда
page-token-go-on-name = Продолжить отсюда с «{ $text }»
page-code-copy = Копировать
page-code-copied = Скопировано
page-code-not-allowed = Не разрешено
page-table = Таблица
page-image = Изображение: { $text }

# Текстовые файлы в сообщении и место, которое оно занимает.
page-file-attach = Приложить текстовые файлы
page-file-list = Приложенные файлы
page-file-tokens = { $count ->
    [one] { $count } токен
    [few] { $count } токена
   *[many] { $count } токенов
}
page-file-tokens-about = около { $count ->
    [one] { $count } токена
   *[other] { $count } токенов
}
page-file-remove = Убрать { $name }
page-file-no-text = { $name } — не текст в UTF-8, в сообщение его вставить нельзя.
page-file-empty = Файл { $name } пуст.
page-file-too-large = Файл { $name } занимает { $size }: больше { $most } текста в сообщение не поместится.
page-file-unreadable = Файл { $name } не удалось прочитать.
page-drop-title = Перетащите файлы сюда
page-drop-about = Текст попадёт в ваше сообщение. Файл GGUF или safetensors с config.json и tokenizer.json откроется как модель. Сохранённые чаты и поиски откроются.
page-composer-message = Сообщение
page-composer-placeholder = Задайте Polo задачу
page-composer-send = Отправить
page-composer-send-keys = Отправить (Enter)
page-composer-stop = Остановить
page-composer-stop-keys = Остановить (Esc)
page-composer-keys = Enter — отправить · Shift + Enter — новая строка · Esc — стоп
page-context = Контекст { $used } / { $context }
page-context-about = Контекст примерно { $used } / { $context }
page-context-over = Не поместится: вместе со всем предыдущим это { $used } токенов, а в контексте место для { $context }. Сократите сообщение или начните новый чат.
page-context-over-about = Может не поместиться: вместе со всем предыдущим это примерно { $used } токенов, а в контексте место для { $context }.

# Команды и их клавиши.
page-command-palette = Команды
page-command-shortcuts = Сочетания клавиш
page-command-new-chat = Новый чат
page-command-search-chats = Искать в чатах
page-command-write = Написать сообщение
page-command-edit-last = Изменить последнее сообщение
page-command-stop = Остановить
page-command-regenerate = Создать последний ответ заново
page-command-copy-reply = Копировать последний ответ
page-command-confidence = Показать уверенность в последнем ответе
page-command-thoughts = Раскрыть или свернуть размышления
page-command-search = Включить или выключить поиск
page-command-search-knobs = Настроить поиск
page-command-compare = Сравнить четыре пути к ответу
page-command-attach = Приложить текстовые файлы
page-command-models = Модели
page-command-inspector = Модель и видеокарта
page-command-settings = Настройки
page-command-theme = Сменить оформление
page-command-language = Сменить язык
page-command-export = Сохранить все чаты
page-palette-box = Введите команду
page-palette-list = Найденные команды
page-palette-none = Команды с таким названием нет.
page-keys-send = Отправить сообщение
page-keys-line = Новая строка
page-keys-single = Одиночные клавиши — команды, пока вы ничего не пишете
page-copied = Скопировано
