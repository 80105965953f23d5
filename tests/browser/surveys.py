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
