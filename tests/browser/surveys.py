"""The surveys that the browser tests send. All sample data."""

CHECK_IN = """\
id: check-in
title: Sample check-in
intro: Three short questions about the sample product.
questions:
- id: recommend
  kind: nps
  text: How likely are you to recommend it to a colleague?
  required: true
- id: devices
  kind: choices
  text: Where do you use it?
  choices: [Phone, Laptop, Tablet]
- id: why
  kind: text
  text: What is the main reason for your score?
"""
EVERY_KIND = """\
id: every-kind
title: Every kind of question (sample)
questions:
- {id: recommend, kind: nps, text: "How likely are you to recommend it?", required: true}
- {id: stars, kind: rating, text: "How many stars does it deserve?"}
- {id: satisfied, kind: csat, text: "How satisfied are you overall?"}
- id: often
  kind: choice
  text: How often do you use it?
  choices: [Every day, Every week, Less often]
- id: country
  kind: choice
  text: In which region do you work?
  choices: [Africa, Asia, Australia, Europe, North America, South America, Elsewhere]
- id: devices
  kind: choices
  text: On which devices?
  choices: [Phone, Laptop, Tablet]
- {id: done, kind: yes_no, text: "Did you get done what you came for?", required: true}
- {id: people, kind: number, text: "How many people work with you?"}
- {id: since, kind: date, text: "Since when have you been using it?"}
- {id: why, kind: text, text: "What would you change first?", required: true}
"""
BROKEN = """\
id: Broken survey
title: A sample with mistakes
questions:
- {id: score, kind: nsp, text: "How likely are you to recommend it?"}
- {id: score, kind: choice, text: "How often do you use it?"}
- {id: why, kind: text, requird: true}
"""
FIVE_PAGES = """\
id: five-pages
title: Five pages (sample)
intro: A sample with pages, to see how a longer survey feels.
pages:
- questions:
  - {id: score, kind: nps, text: "How likely are you to recommend it?", required: true}
- title: What went wrong
  questions:
  - {id: why, kind: text, text: "What was missing?", required: true, ask_if: {question: score, at_most: 6}}
- title: Your work
  questions:
  - {id: devices, kind: choices, text: "On which devices do you use it?", choices: [Phone, Laptop, Tablet]}
  - {id: effort, kind: ces, text: "It was easy to get done what I came for."}
- title: Looking ahead
  questions:
  - id: rank
    kind: ranking
    text: What should we work on first?
    help: Put all three in your order.
    choices: [Speed, Reliability, Documentation]
  - {id: small, kind: text, text: "What would help on the phone?", ask_if: {question: devices, includes: phone}}
- title: A design
  questions:
  - id: good
    kind: matrix
    text: How good is each part today?
    rows: [Search, Sync]
    choices: [Poor, Fair, Good]
  - id: design
    kind: image_choice
    text: Which design do you prefer?
    choices:
    - {text: Light, image: "https://pictures.example/light.png", alt: A bright page with a large search box}
    - {text: Dark, image: "https://pictures.example/dark.png", alt: A dark page with a small search box}
"""
IN_LANGUAGES = """\
id: five-pages
title: Five pages (sample)
intro: A sample with pages, to see how a longer survey feels.
locales:
  de: {title: "Fünf Seiten (Beispiel)", intro: "Ein Beispiel mit Seiten, wie sich eine längere Umfrage anfühlt."}
  ja: {title: "5 ページ（サンプル）", intro: "長めのアンケートを試すためのサンプルです。"}
  ar: {title: "خمس صفحات (مثال)", intro: "مثال بصفحات، لمعرفة شعور استبيان أطول."}
pages:
- questions:
  - id: score
    kind: nps
    text: How likely are you to recommend it?
    required: true
    locales:
      de: {text: "Wie wahrscheinlich empfehlen Sie es weiter?"}
      ja: {text: "おすすめする可能性はどのくらいですか？"}
      ar: {text: "ما مدى احتمال أن توصي به؟"}
- title: What went wrong
  locales: {de: {title: Was schiefging}, ja: {title: 問題点}, ar: {title: ما الذي لم ينجح}}
  questions:
  - id: why
    kind: text
    text: What was missing?
    required: true
    ask_if: {question: score, at_most: 6}
    locales: {de: {text: "Was hat gefehlt?"}, ja: {text: 何が足りませんでしたか？}, ar: {text: "ما الذي كان ينقص؟"}}
- title: Your work
  locales: {de: {title: Ihre Arbeit}, ja: {title: お仕事}, ar: {title: عملك}}
  questions:
  - id: devices
    kind: choices
    text: On which devices do you use it?
    choices: [Phone, Laptop, Tablet]
    locales:
      de: {text: "Auf welchen Geräten nutzen Sie es?", choices: [Telefon, Laptop, Tablet]}
      ja: {text: "どの端末で使いますか？", choices: {phone: スマートフォン, laptop: ノートパソコン, tablet: タブレット}}
      ar: {text: "على أي أجهزة تستخدمه؟", choices: [الهاتف, الحاسوب المحمول, الجهاز اللوحي]}
  - id: effort
    kind: ces
    text: It was easy to get done what I came for.
    locales:
      de: {text: "Was ich vorhatte, war leicht zu erledigen."}
      ja: {text: "目的を簡単に達成できました。"}
      ar: {text: "كان من السهل إنجاز ما جئت من أجله."}
- title: Looking ahead
  locales: {de: {title: Ausblick}, ja: {title: これから}, ar: {title: نظرة إلى الأمام}}
  questions:
  - id: rank
    kind: ranking
    text: What should we work on first?
    help: Put all three in your order.
    choices: [Speed, Reliability, Documentation]
    locales:
      de:
        text: Woran sollen wir zuerst arbeiten?
        help: Bringen Sie alle drei in Ihre Reihenfolge.
        choices: [Geschwindigkeit, Zuverlässigkeit, Dokumentation]
      ja:
        text: まず何に取り組むべきですか？
        help: 3 つすべてを順番に並べてください。
        choices: [速さ, 信頼性, ドキュメント]
      ar:
        text: على ماذا نعمل أولًا؟
        help: رتّب الثلاثة كلها.
        choices: [السرعة, الموثوقية, التوثيق]
- title: A design
  locales: {de: {title: Ein Entwurf}, ja: {title: デザイン}, ar: {title: تصميم}}
  questions:
  - id: good
    kind: matrix
    text: How good is each part today?
    rows: [Search, Sync]
    choices: [Poor, Fair, Good]
    locales:
      de: {text: "Wie gut ist jeder Teil heute?", rows: [Suche, Abgleich], choices: [Schlecht, Mittel, Gut]}
      ja: {text: "各部分の出来はどうですか？", rows: [検索, 同期], choices: [悪い, 普通, 良い]}
      ar: {text: "ما مدى جودة كل جزء اليوم؟", rows: [البحث, المزامنة], choices: [ضعيف, متوسط, جيد]}
"""
