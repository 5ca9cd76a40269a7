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
page-model-ready = Модель { $name } готова
