"""What customers and agents write in English, whatever it is about."""

from __future__ import annotations

from services.simulator.domain.english_topics import ENGLISH_TOPICS
from services.simulator.domain.phrases import Phrases

ENGLISH = Phrases(
    topics=ENGLISH_TOPICS,
    salutations=("Hi, ", "Hello, ", "Hey {brand}, ", "Good morning, ", "Hi team, ", "", "", ""),
    greetings=(
        "Hi {name}, {agent} here.",
        "Hello {name}, thanks for writing to {brand}.",
        "Good day {name}, my name is {agent}.",
        "Hi {name}, {agent} from {brand} here.",
    ),
    afterthoughts=(
        "I ordered under the same name as here.",
        "it's not the first time, by the way",
        "you can also call me after 5 pm",
        "I have a picture if you need one",
    ),
    questions=(
        ("and how long will that take?", "Usually two working days, at the latest by Friday."),
        ("Does that mean I have to do anything?", "No, there is nothing you need to do."),
        ("Could you confirm that by e-mail?", "Of course, the confirmation is on its way."),
        ("Who do I turn to if it happens again?", "Just answer here, your case stays linked."),
        ("Does it cost me anything?", "No, that is on us."),
    ),
    updates=(
        "Thank you for your patience, here is the answer:",
        "The colleagues have come back to me:",
        "An update on your case:",
    ),
    thanks=(
        "perfect, thank you!",
        "Great, thanks for the quick help {agent}!",
        "All clear now, thanks a lot",
        "Brilliant, thank you so much 😊",
        "ok thanks",
        "Thanks, much appreciated.",
    ),
    welcomes=(
        "You're welcome, {name}. Have a good day!",
        "Glad I could help. Bye!",
        "My pleasure. Just write if anything else comes up.",
    ),
    nudges=(
        "hello? anyone there?",
        "Still waiting for an answer…",
        "any news on this?",
        "just checking that you got my message",
    ),
    angry_nudges=(
        "Does anybody work at {brand}? Still no answer!",
        "Is ignoring customers your policy? This is ridiculous.",
        "I've been waiting for ages, terrible service.",
        "Next stop: my bank and a one-star review. Unacceptable.",
    ),
    apologies=(
        "I am sorry that you had to wait.",
        "Apologies for the trouble and for the wait.",
        "I am truly sorry about this.",
    ),
    disappointments=(
        "that does not help me at all. Very disappointed.",
        "So in the end nobody is responsible. Sad.",
        "I'm unhappy with that answer and will buy elsewhere.",
    ),
    consolations=(
        "I understand. I am passing this on to my team lead, who calls you today.",
        "You are right to expect more. I have added a voucher of {amount} to your account.",
    ),
    reopenings=(
        "I'm afraid it is back: same problem as before.",
        "You said it was solved, but nothing has happened. {order}!",
        "so much for solved: still the same issue",
        "the e-mail you promised never came",
    ),
    reopened_answers=(
        "I am sorry, {name}. I take this over myself and stay on it until it is done.",
        "Thank you for coming back to us. It was stuck in a queue, I have pushed it through.",
        "That should not happen. I have corrected it and checked it with my lead.",
    ),
    phone_requests=(
        "May we reach you by phone about this? You can share your number here.",
        "Could you share your phone number, so that a colleague can call you?",
    ),
)
