### Рамка страницы: шапка, поле ввода, приветствие, клавиши.

page-settings = Настройки
page-new-chat = Новый чат

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
page-drop-about = Текст попадёт в ваше сообщение. Файл GGUF или safetensors с config.json и tokenizer.json откроется как модель. Сохранённый чат или поиск откроется.
page-composer-message = Сообщение
page-composer-placeholder = Задайте Polo задачу
page-composer-send = Отправить
page-composer-send-keys = Отправить (Enter)
page-composer-stop = Остановить
page-composer-stop-keys = Остановить (Esc)
page-composer-keys = Enter — отправить · Shift + Enter — новая строка · Esc — остановить
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
page-command-inspector = Модель и GPU
page-command-settings = Настройки
page-command-theme = Сменить тему
page-command-language = Сменить язык
page-command-export = Выгрузить все чаты
page-palette-box = Введите команду
page-palette-list = Найденные команды
page-palette-none = Команды с таким названием нет.
page-keys-send = Отправить сообщение
page-keys-line = Новая строка
page-keys-single = Одиночные клавиши — команды, пока вы ничего не пишете
page-copied = Скопировано
