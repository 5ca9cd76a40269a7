### Поиск: включатель, настройки, дерево, узел, голоса, сравнение.

search-title = Поиск
search-about = Много цепочек мыслей растут одним деревом, их ответы голосуют. Действует со следующего сообщения. Хранится в этом браузере.
search-adjust = Настроить
search-adjust-it = Настроить поиск
search-preset = Заготовка
search-own = Своя
search-own-about = Ваше собственное сочетание.
search-quick = Быстро
search-quick-about = Одна цепочка мыслей: как ответ без поиска.
search-balanced = Умеренно
search-balanced-about = 8 прогонов в 4 дорожках; останавливается раньше, если ветви согласны.
search-thorough = Тщательно
search-thorough-about = 32 прогона и втрое больше токенов.
search-paper = Как в статье
search-paper-about = Как опубликовано в Marco-o1: значения как есть, одна дорожка, побеждает самый уверенный путь.

## Настройки, каждая со строкой о том, что делает

search-group-cost = Во что может обойтись
search-group-tree = Дерево
search-group-again = Переосмысление
search-group-answer = Ответ
search-knob-rollouts = Прогоны
search-knob-rollouts-help = Сколько ответов сделать; больше — находит больше и стоит дороже.
search-knob-branching = Ветвление
search-knob-branching-help = Сколько продолжений пробуется на шаге.
search-knob-exploration = Разведка c
search-knob-exploration-help = Большие значения пробуют малоизведанное, малые идут за тем, что выглядит хорошо.
search-knob-depth = Глубина
search-knob-depth-help = Самая длинная ветвь, в шагах.
search-knob-path-tokens = Токенов на ветвь
search-knob-path-tokens-help = Самая длинная ветвь, в токенах.
search-knob-max-tokens = Токенов всего
search-knob-max-tokens-help = Сколько могут потратить все ветви вместе.
search-knob-answer-reserve = Запас на ответ
search-knob-answer-reserve-help = Оставляется в каждой ветви, чтобы ответить, когда токены кончатся.
search-knob-lanes = Дорожки
search-knob-lanes-help = Сколько ветвей считается одновременно.
search-knob-reflect-below = Переосмыслять ниже
search-knob-reflect-below-help = Мысль менее уверенная, чем это, пересматривается.
search-knob-vote-temperature = Температура голосов
search-knob-vote-temperature-help = При малых значениях уверенные ветви весят в голосовании больше.
search-knob-agreement = Остановка при согласии
search-knob-agreement-help = Остановиться, когда лидирующий ответ лидирует с такой вероятностью; 1 — никогда.
search-knob-time-limit-s = Предел времени
search-knob-time-limit-s-help = Остановиться через это время; 0 — никогда.
search-unit-rollouts = прогонов
search-unit-steps = шагов
search-unit-tokens = токенов
search-unit-lanes = дорожек
search-unit-s = с
search-unit = ({ $unit })
search-help = { $help } Исходно { $default }, от { $min } до { $max }.
search-expected = Нужно от { $min } до { $max } { $unit }
search-expected-reserve = Нужно не меньше { $least } токенов: два запаса на ответ
search-expected-step = Нужно от 1 до 1024 токенов
search-step-tokens = Токенов в шаге
search-way-default = { $way } (исходно)
search-restore = Вернуть исходные
search-open = Открыть сохранённый поиск
search-time-unknown = Время станет известно после первого ответа.
search-cost = { $rollouts ->
        [one] Не больше: { $rollouts } прогон, { $tokens } токенов
        [few] Не больше: { $rollouts } прогона, { $tokens } токенов
       *[many] Не больше: { $rollouts } прогонов, { $tokens } токенов
    }
search-cost-time = { $cost }, { $time }

## Выбор из названных способов

search-mode = Способ
search-mode-help = Как ищутся ответы.
search-mode-mcts = Поиск по дереву
search-mode-mcts-about = Дерево, которое растёт там, где уверенность высока.
search-mode-self-consistency = Самосогласованность
search-mode-self-consistency-about = Целые ответы; побеждает самый частый.
search-mode-best-of-n = Лучший из N
search-mode-best-of-n-about = Целые ответы; побеждает самый уверенный.
search-mode-chain-of-thought = Цепочка мыслей
search-mode-chain-of-thought-about = Один ответ.
search-action = Шаг
search-action-help = Что лежит между двумя узлами.
search-action-step = Абзац
search-action-step-about = Абзац мысли, не больше 256 токенов.
search-action-mini-step = Несколько токенов
search-action-mini-step-about = Столько токенов мысли.
search-action-whole = Целый ответ
search-action-whole-about = Ветви расходятся только в корне.
search-selection = Отбор
search-selection-help = Как выбирается следующий узел.
search-selection-normalised = С нормировкой
search-selection-normalised-about = Значения растянуты по виденному; разведка угасает.
search-selection-raw = Как есть
search-selection-raw-about = Формула Marco-o1: значение как есть.
search-reflection = Переосмысление
search-reflection-help = Когда мысль пересматривается; не больше раза на ветвь.
search-reflection-action = Как второй путь
search-reflection-action-about = Остаются оба ответа, решает поиск.
search-reflection-always = Всегда
search-reflection-always-about = В конце каждой мысли.
search-reflection-low-confidence = При малой уверенности
search-reflection-low-confidence-about = Где мысль менее уверенна, чем указано ниже.
search-reflection-off = Никогда
search-reflection-off-about = Мысли не пересматриваются.
search-vote = Голосование
search-vote-help = Как выбирается ответ среди законченных ветвей.
search-vote-weighted = С весами
search-vote-weighted-about = Уверенные ветви весят больше.
search-vote-majority = Большинство
search-vote-majority-about = Все весят одинаково.
search-vote-borda = По месту
search-vote-borda-about = Из n ветвей лучшая весит n, худшая 1.
search-vote-best-path = Лучший путь
search-vote-best-path-about = Только самая уверенная ветвь.
search-answer = Тот же ответ
search-answer-help = Что делает два ответа одинаковыми.
search-answer-auto = Число или текст
search-answer-auto-about = То же число, если оно есть, иначе тот же текст.
search-answer-number = Число
search-answer-number-about = Ответ без числа не голосует.
search-answer-text = Текст
search-answer-text-about = Без учёта регистра, пробелов и знаков.
search-repeats = Повторы
search-repeats-help = Что делать с ответом, который пришёл дважды.
search-repeats-retry = Ещё раз
search-repeats-retry-about = Пробуется снова, горячее; голос у него один.
search-repeats-count = Считать
search-repeats-count-about = Считается каждый раз.

## Поиск словами

search-kind-thought = Мысль
search-kind-reflection = Переосмысление
search-kind-answer = Ответ
search-kind-forced = Вынужденный ответ
search-kind-loop = Ходит по кругу
search-kind-root = Корень
search-question = Вопрос
search-standing-next = Следующая ветвь пойдёт через него: у него лучшая оценка.
search-standing-open = Он может расти, но у других оценка выше или очередь раньше.
search-standing-closed = Все продолжения от него испробованы, пробуются или были бы слишком длинны или глубоки.
search-standing-ended = Здесь ответ закончился.
search-standing-pruned = Он отсечён, здесь или выше: не растёт, и его голоса не считаются.
search-why-vote = { $all ->
        [one] Он победил в голосовании: его выбрали { $votes } из { $all } законченной ветви, с весом { $weight }.
        [few] Он победил в голосовании: его выбрали { $votes } из { $all } законченных ветвей, с весом { $weight }.
       *[many] Он победил в голосовании: его выбрали { $votes } из { $all } законченных ветвей, с весом { $weight }.
    }
search-why-best-path = Это ответ самой уверенной ветви.
search-why-only = Ветви дали лишь один ответ, поэтому он и принят.
search-why-no-agreement = Ни один ответ не повторился, поэтому принят ответ самой уверенной ветви. Относитесь к нему осторожно.
search-why-nothing = Ни одна ветвь не пришла к ответу. Могут помочь больше токенов или более длинные ветви.
search-reflection-changed = Переосмысление изменило ответ: без него был бы { $other }.
search-reflection-unchanged = Переосмысление не изменило ответа.
search-stopped-rollouts = Все прогоны сделаны.
search-stopped-tokens = Токены израсходованы.
search-stopped-time = Время вышло.
search-stopped-agreement = Ветви согласны достаточно уверенно.
search-stopped-exhausted = Не осталось узлов, которые могли бы расти.
search-stopped-cancelled = Вы его остановили.
search-progress-rollouts = прогонов: { $done } из { $all }
search-progress-tokens = токенов: { $done } из { $all }
search-progress-lanes = занято дорожек: { $done } из { $all }
search-progress-speed = { $speed } токенов/с
search-progress-left = самое большее { $left }
search-summary = { $nodes ->
        [one] Поиск: { $nodes } узел
        [few] Поиск: { $nodes } узла
       *[many] Поиск: { $nodes } узлов
    }
search-summary-done = Поиск: { $rollouts }, { $nodes }, ответ { $answer }
search-rollouts = { $count ->
        [one] { $count } прогон
        [few] { $count } прогона
       *[many] { $count } прогонов
    }
search-nodes = { $count ->
        [one] { $count } узел
        [few] { $count } узла
       *[many] { $count } узлов
    }
search-none = нет

## Панель при ответе

search-paused = Пауза.
search-resume = Продолжить
search-pause = Пауза
search-answer-now = Ответить сейчас
search-tokens-spent = Потрачено токенов
search-show-as = Показать дерево как
search-as-tree = Дерево
search-as-list = Список
search-save = Сохранить
search-save-json = Целиком: можно открыть позже
search-save-svg = Картинка
search-legend = Обозначения
search-legend-confidence = Средняя уверенность, %
search-legend-rollouts = Прогонов через него
search-legend-thought = мысль
search-legend-again = думает снова
search-legend-answer = ответ
search-legend-forced = вынужденный ответ
search-legend-loop = по кругу
search-legend-won = путь победителя
search-legend-pruned = отсечено
search-below = меньше { $percent }
search-between = от { $low } до { $high }
search-above = { $percent } и больше
search-tree = Дерево поиска
search-tree-table = Дерево поиска таблицей
search-picture = Картинка
search-zoom-in = Крупнее
search-zoom-out = Мельче
search-fit = Вместить
search-follow-growth = Следить за ростом
search-being-written = Пишется сейчас
search-lane-from = Показать, откуда она пошла
search-column-text = Текст
search-column-confidence = Увер. %
search-column-answer = Ответ
search-column-visits = Посещений
search-column-value = Значение
search-column-kind = Вид
search-mark-won = путь победителя
search-mark-pruned = отсечён
search-mark-pinned = закреплён
search-mark-growing = растёт
search-said-confidence = уверенность { $percent }
search-said-visits = { $count ->
        [one] { $count } посещение
        [few] { $count } посещения
       *[many] { $count } посещений
    }
search-said-answer = ответ { $answer }, класс { $letter }
search-said-won = на пути победителя
search-votes = Голоса
search-vote-look = Показать его лучшую ветвь
search-vote-count = { $votes } из { $all }, { $weight }
search-votes-rest = { $rest ->
        [one] Ещё у { $rest } ответа голосов меньше.
        [few] Ещё у { $rest } ответов голосов меньше.
       *[many] Ещё у { $rest } ответов голосов меньше.
    }
search-agreement = Согласие { $percent }: насколько уверенно лидирует самый частый ответ.

## Узел целиком

search-node = Узел
search-node-close = Закрыть узел
search-node-gone = У движка этого дерева больше нет: его можно только смотреть.
search-follow = Следить
search-follow-title = Держать его рост на виду
search-pin = Закрепить
search-pin-title = Растить его раньше всех
search-prune = Отсечь
search-prune-title = Не трогать его и не считать его голоса
search-continue = Продолжить отсюда
search-continue-title = Ещё одна ветвь отсюда
search-fact-tokens = Токенов
search-fact-confidence = Уверенность
search-fact-under-way = В работе
search-fact-score = Оценка отбора сейчас
search-tokens-title = Текст по уверенности в каждом токене
search-tokens-hint = Выберите токен, чтобы увидеть, чем ещё он мог быть.
search-branch = Ветвь
search-branch-from = Ветвь от «{ $text }»

## Четыре пути к ответу

search-compare-title = Сравнить четыре способа
search-compare-about = Цепочка мыслей, самосогласованность, лучший из N и поиск по дереву отвечают на один вопрос по очереди, каждый не больше чем за { $budget } токенов («Токенов всего» в поиске). Остальные настройки общие. Цепочка мыслей кончается после одного ответа.
search-compare-question = Вопрос
search-compare = Сравнить
search-compare-stop = Стоп
search-compare-not-run = не запущен
search-compare-waiting = ждёт
search-compare-no-answer = нет ответа
search-compare-running = идёт…
search-compare-more = { $votes }, ещё { $more }
search-compare-region = Сравнение
search-compare-each = { $tokens ->
        [one] Не больше { $tokens } токена на каждый
        [few] Не больше { $tokens } токенов на каждый
       *[many] Не больше { $tokens } токенов на каждый
    }
search-column-way = Способ
search-column-agreement = Согласие
search-column-tokens = Токенов
search-column-time = Время
search-column-votes = Голоса
