"""What customers and agents write in Chinese, whatever it is about."""

from __future__ import annotations

from services.simulator.domain.chinese_topics import CHINESE_TOPICS
from services.simulator.domain.phrases import Phrases

CHINESE = Phrases(
    topics=CHINESE_TOPICS,
    salutations=("你好，", "您好，", "在吗？", "客服你好，", "", "", "", ""),
    greetings=(
        "{name}您好，我是客服{agent}。",
        "您好，{brand}客服{agent}为您服务。",
        "{name}您好，感谢联系{brand}。",
        "您好，我是{agent}，已经看到您的消息。",
    ),
    afterthoughts=(
        "下单用的就是这个名字",
        "已经不是第一次了",
        "下午五点后可以打我电话",
        "需要照片的话我有",
    ),
    questions=(
        ("那要等多久呢？", "一般两个工作日，最晚周五前。"),
        ("我这边还需要做什么吗？", "您不需要做任何操作。"),
        ("能发个短信确认一下吗", "可以的，确认短信马上发给您。"),
        ("要是再出现找谁？", "直接在这里回复就行，记录都在。"),
        ("要收费吗？", "不收费，由我们承担。"),
    ),
    updates=("让您久等了，", "同事已经回复，", "您的事情有进展了："),
    thanks=(
        "好的，谢谢！",
        "太好了，谢谢{agent}，回复很快",
        "可以了，多谢",
        "明白了，非常感谢😊",
        "嗯嗯，谢谢",
        "收到，辛苦了",
    ),
    welcomes=("不客气，祝您生活愉快！", "很高兴能帮到您，再见。", "应该的，有事随时联系我们。"),
    nudges=("在吗？", "有人吗？？", "还在等回复…", "麻烦看一下我的消息"),
    angry_nudges=(
        "{brand}没有人上班吗？一直不回！",
        "不理人是你们的规定吗？太差了",
        "等半天了，什么服务，垃圾",
        "再不回我就去12315投诉了",
    ),
    apologies=("让您久等了，非常抱歉。", "给您添麻烦了，实在不好意思。", "对此我们深表歉意。"),
    disappointments=(
        "等于什么都没解决，很失望",
        "说来说去没人负责，以后不买了，差评",
        "这种答复太让人失望了",
    ),
    consolations=(
        "理解您的心情，已经转给主管，今天会给您回电。",
        "您的要求是合理的，已经为您补偿{amount}购物金。",
    ),
    reopenings=(
        "又不行了，跟之前一样的问题",
        "说解决了，结果什么都没变！{order}",
        "不是说处理好了吗，还是老样子，麻烦",
        "说好的短信到现在也没收到",
    ),
    reopened_answers=(
        "{name}抱歉，这次由我全程跟进，直到处理完为止。",
        "谢谢您再次联系，流程卡住了，我已经加急推进。",
        "确实不应该，我已经更正并和主管核对过了。",
    ),
    phone_requests=(
        "方便在这里分享一下您的手机号吗？",
        "可以留个手机号，同事给您回电。",
    ),
)
