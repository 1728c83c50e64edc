"""What English conversations are about."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.simulator.domain.phrases import Issue, Topic, TopicPhrases

_ORDER = ("it's {order}", "sure: {order}, ordered on the website", "order {order}, from last week")

_DELIVERY = (
    Issue(
        calm=(
            "could you check where order {order} is? It was due yesterday.",
            "tracking for {order} has shown the depot in {city} for {days} days. Is that normal?",
            "my {product} should arrive this week, do you have a tracking number for {order}?",
        ),
        upset=(
            "{days} days late and still no {product}. Where is order {order}???",
            "third time the delivery of my {product} was moved. Really frustrating.",
            "so the parcel is lost and nobody told me? Order {order}, very disappointed.",
        ),
        asks="Could you give me the order number and the postcode, please?",
        gives=_ORDER,
        answers=(
            "I have spoken to the depot in {city}: {order} goes out with tomorrow's first round.",
            "The parcel was held for an address check. I have released it, tracking moves tonight.",
        ),
    ),
    Issue(
        calm=(
            "the courier left a card but I can't read the number on it. Order {order}.",
            "I will be away on the delivery day. Can {order} go to a neighbour instead?",
        ),
        upset=(
            "your courier marked {order} as delivered, there is nothing here. This is a joke.",
            "I took a day off for the delivery of {order} and nobody came. Unacceptable.",
        ),
        asks="Is there a card from the courier, and at which address shall it be left?",
        gives=(
            "no card at all. Number 14, the blue door",
            "the card says CP-{days}0{days}, I think",
        ),
        answers=(
            "I have booked a new delivery for tomorrow between 9 and 12, with a call before it.",
            "The parcel is in the pickup point around the corner, it stays there for seven days.",
        ),
    ),
    Issue(
        calm=(
            "is it still possible to change the address of order {order} to {city}?",
            "does the {product} ship to {city}, and how many days does it take?",
        ),
        upset=("I changed the address of {order} twice and you still send it to the wrong one.",),
        asks="Which address shall it go to?",
        gives=("my office in {city}, the postcode is in my account", "to my sister in {city}"),
        answers=(
            "Done: it goes to {city}, in three working days. The new tracking link is on its way.",
        ),
    ),
    Issue(
        calm=("only one of two parcels of {order} came today. When does the other one arrive?",),
        upset=("the box arrived soaked and the {product} inside is broken. Order {order}.",),
        asks="Could you tell me what was in the parcel, and send a picture of the label?",
        gives=("just the {product}, the picture is in the mail", "the {product} and a gift card"),
        answers=("I have ordered a replacement today, it leaves our warehouse before 18:00.",),
    ),
)
_PRODUCT = (
    Issue(
        calm=(
            "how do I clean the {product} properly? The leaflet says nothing on it.",
            "is there a manual of the {product} as a PDF?",
        ),
        upset=("a leaflet of two lines for a {product} of {amount}? That is poor.",),
        asks="Which version does the label at the bottom of the {product} show?",
        gives=("H2-{days}40", "there is only a serial number that begins with {days}A"),
        answers=("The manual is on its way to your inbox; page 12 has the cleaning in pictures.",),
    ),
    Issue(
        calm=(
            "does the {product} come with a two-year warranty?",
            "I lost the receipt of my {product}. Is it still under warranty?",
        ),
        upset=(
            "the {product} broke after {days} days. So disappointed.",
            "{amount} for a {product} that is broken out of the box?",
            "the {product} came apart in my hands after a week. Poor quality.",
        ),
        asks="Could you tell me when you bought it, and from which shop?",
        gives=("about {days} weeks ago in your shop in {city}", "online, order {order}"),
        answers=(
            "That is covered by the warranty. I have sent a label, a new {product} follows.",
            "This was a known fault of the first series. The exchange costs you nothing.",
        ),
    ),
    Issue(
        calm=(
            "I am choosing between two sizes of the {product}. What is the difference in weight?",
            "is the {product} in stock in {city}? I need two of them as a present.",
            "when does the {product} come in white?",
        ),
        upset=(
            "for the third time the {product} is sold out after I put it in the basket. Annoying.",
        ),
        answers=(
            "The large one weighs 300 g more. Both are in stock, I can put one aside for you.",
            "White is back next week. I have noted your address and send you a word.",
        ),
    ),
    Issue(
        calm=("the {product} has a strange smell. Does that go away?",),
        upset=(
            "the {product} smells terrible, even after a week of airing.",
            "the new {product} is worse than the old one in every way. Why did you change it?",
        ),
        asks="Is there a date of production on the label?",
        gives=("April, week {days}", "I can't find any"),
        answers=("That batch has a finish that takes long to air. I have sent you another one.",),
    ),
)
_BILLING = (
    Issue(
        calm=(
            "could you send me an invoice with our VAT number for {order}?",
            "I need the receipt of {order} for my insurance.",
        ),
        upset=("my invoice is wrong for the second time. How hard can it be?",),
        asks="Which name and VAT number shall be on the invoice?",
        gives=("the same as in my account, please", "Hill & Moor Ltd, GB 000 {days}00"),
        answers=("The new invoice is in your inbox now, with the right name on it.",),
    ),
    Issue(
        calm=("my card statement shows {amount}, but the order said less. What is the rest?",),
        upset=(
            "you charged me twice for {order}! {amount} is gone from my account.",
            "I cancelled {order} and {amount} was taken all the same. That is fraud.",
            "hidden shipping costs of {amount}, ridiculous.",
        ),
        asks="Could you tell me the last four digits of the card and the date of the charge?",
        gives=("{days}{days}17, on Monday", "ends in 40{days}1, last week"),
        answers=(
            "One of the two charges was only reserved, your bank lets it go within three days.",
            "I have taken the {amount} off, you get the correction by e-mail.",
        ),
    ),
    Issue(
        calm=(
            "the discount code from the newsletter was not taken off {order}.",
            "can I still pay {order} in three parts?",
            "is it possible to change the payment of {order} to another card?",
        ),
        upset=("a subscription I never ordered, {amount} every month? Outrageous, stop it now.",),
        answers=("I have changed that on {order} by hand; the confirmation is in your inbox.",),
    ),
)
_LOGIN = (
    Issue(
        calm=(
            "the code for logging in never reaches my phone. Can you help?",
            "the app asks for a password though I only ever used a code.",
        ),
        upset=(
            "locked out of my account since {days} days, this is so annoying.",
            "password reset fails every single time. Error 4003. I hate this app.",
            "the app logs me out every morning, worst app I have ever used.",
        ),
        asks="Which app version do you use, and do you see an error number below the message?",
        gives=("5.{days} on Android, error 4003", "the newest one. No number, just a red bar"),
        answers=(
            "I have reset the lock. Please use the link in the e-mail, it is valid for an hour.",
            "The number in the account had one digit less. I corrected it, please try again.",
        ),
    ),
    Issue(
        calm=(
            "how do I change the e-mail address of my account?",
            "I have two accounts by mistake. Can you make one of them?",
            "can two people in one family use the same {brand} account?",
        ),
        upset=("somebody logged into my account from {city} and nobody warned me. Furious.",),
        asks="Which addresses are the accounts under?",
        gives=("the one I write from, and one at example.org", "both are on my phone number"),
        answers=(
            "All devices are signed out and your accounts are one now. Please set a new password.",
        ),
    ),
)
_REFUND = (
    Issue(
        calm=(
            "how do I send the {product} back? Order {order}, not opened.",
            "where is the return label for {order}?",
            "is a return free of charge in {city}?",
        ),
        upset=("a return that costs me {amount} in shipping? Read your own terms. Ridiculous.",),
        answers=("The label is in your inbox, free of charge. Drop it at any pickup point.",),
    ),
    Issue(
        calm=("when will the money for {order} be on my account? I sent it {days} days ago.",),
        upset=(
            "{days} days since I returned {order} and still no refund. Where is my {amount}?",
            "first you promise a refund and then nothing happens. Very disappointed.",
            "you refunded only half of {order}. This is a scam.",
            "I want my money back for the {product}. I've been waiting for weeks.",
        ),
        asks="Could you send me the number of the return parcel?",
        gives=("RT-{days}0{days}4", "I have only the receipt, it says RT-1{days}7"),
        answers=(
            "The return was booked in today: {amount} is on its way, two to three working days.",
            "It was booked under another order. I corrected it, you get {amount}.",
        ),
    ),
    Issue(
        calm=(
            "can I exchange the {product} for a larger one instead of a refund?",
            "I would like to cancel {order} before it ships, please.",
        ),
        upset=("cancelled within five minutes and you ship {order} anyway. Annoying.",),
        answers=("That is arranged for {order}; you get the confirmation in a few minutes.",),
    ),
)
_COMPLAINT = (
    Issue(
        calm=("please pass this on to your manager: nobody called me back as promised.",),
        upset=(
            "I have explained the same thing to four of your people. Nobody listens. Pathetic.",
            "your colleague was rude on the phone and hung up. I want to complain.",
            "worst service in years. I have been with {brand} for a decade and I leave.",
            "your shop in {city} refused my return and laughed at me. Disgusting.",
        ),
        asks="When did this happen, and do you remember who you spoke to?",
        gives=("yesterday around noon, I did not get a name", "last week, a man called Steve"),
        answers=(
            "I am taking this down as a complaint. My team lead calls you by tomorrow noon.",
            "You are right, that was our mistake. You get {amount} back, and a call from my lead.",
        ),
    ),
    Issue(
        calm=(
            "I would like to make a formal complaint about the {product}: the finish comes off.",
        ),
        upset=(
            "the {product} hurt my daughter's hand, it has a sharp edge! Do something!",
            "misleading advertising: the {product} is nothing like the pictures. A shame.",
        ),
        asks="I am sorry to read that. Could you send us a picture and the batch number?",
        gives=("batch {days}B, the picture is attached", "the picture says it all"),
        answers=(
            "Our quality team has opened a case; we took this batch off the shelf meanwhile.",
        ),
    ),
    Issue(
        calm=("I never agreed to your newsletter. How do I object to it formally?",),
        upset=("you shared my address with a marketing company! I want to know why. Furious.",),
        answers=("I have passed this to our privacy officer; you get a written answer this week.",),
    ),
)
_PRAISE = (
    Issue(
        calm=(
            "just wanted to say: the {product} is wonderful, thank you!",
            "big thanks to your team for the help yesterday, fantastic service.",
            "ordered on Monday, arrived on Tuesday in {city}. Amazing, {brand}!",
            "the replacement of my {product} is perfect. Great support!",
            "love the new packaging without plastic, keep going!",
            "second {product} for my sister, that says it all. Excellent quality.",
        ),
        upset=(),
        answers=(
            "That is lovely to hear, {name}! I will tell the whole team.",
            "Thank you, {name}, you have just made our day.",
            "What a nice message! Enjoy your {product}.",
        ),
    ),
)
_OUTAGE = (
    Issue(
        calm=(
            "is the {brand} app down? All my devices show offline.",
            "since the update this morning the app wants me to log in and then hangs. Any news?",
            "is there a status page? The app has not loaded for an hour.",
        ),
        upset=(
            "the app is down AGAIN and my heating is stuck at 12 degrees. Terrible!",
            "can't log in, can't switch on my own lights. {brand}, this is a joke.",
            "everything offline since the update. Absolutely useless, fix it!!",
            "who releases a broken update like that? The doorbell is dead. Pathetic.",
            "two hours without the app and not a word from {brand}. Unacceptable.",
            "the update broke my {product}. I want my money back, so annoyed.",
            "payment taken, login failed, app crashed. Worst day with {brand} so far.",
            "my mother's emergency button runs over your app. It failed. Furious!",
            "app crashes at the start, reinstalling does nothing. Horrible.",
        ),
        asks="We see it too. Which app version and which phone do you use?",
        gives=("5.3.0 on an iPhone", "Android 15, the app says 5.3.0", "the newest, since today"),
        answers=(
            "The update has a fault in the login. We are rolling it back, please restart it soon.",
            "A fix is out: version 5.3.1. After it your devices come back by themselves.",
            "Our servers could not take the load. Service is being restored now.",
            "Until the fix is out, the buttons on the {product} itself do their job.",
        ),
    ),
)

ENGLISH_TOPICS: Mapping[Topic, TopicPhrases] = MappingProxyType(
    {
        "delivery": TopicPhrases(
            _DELIVERY, ("I have to ask the carrier and come back to you as soon as they answer.",)
        ),
        "product": TopicPhrases(
            _PRODUCT, ("I have forwarded this to a technician and will report back today.",)
        ),
        "billing": TopicPhrases(
            _BILLING, ("Our finance team is checking that. I write again once I know more.",)
        ),
        "login": TopicPhrases(
            _LOGIN, ("I have asked our engineers to look at the account and come back to you.",)
        ),
        "refund": TopicPhrases(
            _REFUND, ("The warehouse has to confirm that first; I write again once it has.",)
        ),
        "complaint": TopicPhrases(_COMPLAINT),
        "praise": TopicPhrases(_PRAISE),
        "outage": TopicPhrases(_OUTAGE),
    }
)
