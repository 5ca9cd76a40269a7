### Рамка страницы: шапка, поле ввода, приветствие, клавиши.

page-settings = Настройки
page-new-chat = Новый чат

## До первого вопроса

page-welcome = Приветствие
page-welcome-title = Что решим сегодня?
page-welcome-thinks = Polo сначала думает, потом отвечает.
page-welcome-here = Он работает на вашей видеокарте, в этой вкладке: ничто из написанного её не покидает.
page-welcome-server = Он работает по адресу { $url }: написанное уходит туда и больше никому.
page-examples = Примеры задач
page-about = Что такое { $model } и чем не является
page-about-elsewhere = Она ошибается: важное проверяйте.
page-about-tiny = Модель из { $size } параметров, которая идёт вместе со страницей: в тысячу раз меньше обычных чат-моделей. Она выучила несколько видов задач и больше ничего: не умеет беседовать, не знает фактов и ошибается даже в своих задачах. Важное проверяйте.
page-about-model = Модель из { $size } параметров. Она ошибается: важное проверяйте.
page-about-file = В её файле сказано:
page-about-right = верно { $share }
page-about-larger = Выбрать модель побольше
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
page-copy = Копировать
page-copied = Скопировано
page-not-allowed = Нельзя
