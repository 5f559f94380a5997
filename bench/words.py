"""Made-up reports in several languages, a little like real ones: common words, rare names, varied length."""

from __future__ import annotations

import random
from dataclasses import dataclass

_WORDS = {
    "en": "they wrote goodbye on the talk page and named a station time place edit account user article message "
    "worried please help saw this today again somebody said school city threat warning page history diff block",
    "es": "escribió una despedida en la página de discusión y nombró la estación hora lugar cuenta usuario artículo "
    "mensaje ayuda por favor hoy otra vez alguien dijo ciudad amenaza aviso historial edición bloqueo",
    "fr": "il a écrit au revoir sur la page de discussion et nommé une gare heure lieu compte utilisateur article "
    "message aide aujourd’hui encore quelqu’un ville menace avertissement historique modification blocage",
    "de": "hat sich auf der Diskussionsseite verabschiedet und einen Bahnhof genannt Uhrzeit Ort Konto Benutzer "
    "Artikel Nachricht bitte Hilfe heute wieder jemand Schule Stadt Drohung Hinweis Versionsgeschichte Sperre",
    "ar": "كتب وداعا في صفحة النقاش وذكر محطة وقت مكان حساب مستخدم مقالة رسالة مساعدة من فضلكم اليوم مرة أخرى شخص قال "
    "مدرسة مدينة تهديد تحذير تاريخ الصفحة تعديل منع",
    "zh-hans": "他 在 讨论页 写下 告别 并 提到 车站 时间 地点 账户 用户 条目 消息 请 帮助 今天 又 有人 说 学校 城市 威胁 警告 历史 编辑 封禁",
    "ru": "написал прощание на странице обсуждения и назвал вокзал время место учётная запись участник статья "
    "сообщение помогите пожалуйста сегодня снова кто-то сказал школа город угроза предупреждение история правка",
}
_TITLES = (
    "Threat of self-harm on a user talk page",
    "Threat against a school, posted at a help desk",
    "Goodbye note on a sandbox page",
    "Emergency report by mail",
    "Someone may hurt others, said in an edit summary",
    "Question about a locked article",
    "Complaint about a decision of local administrators",
    "Home address posted on three wikis",
)


@dataclass(frozen=True)
class Sample:
    """One made-up report."""

    language: str
    title: str
    text: str


def samples(count: int, seed: int = 7) -> list[Sample]:
    """That many reports; the same seed gives the same ones."""
    chance = random.Random(seed)
    return [_sample(chance) for _each in range(count)]


def _sample(chance: random.Random) -> Sample:
    language = chance.choices(list(_WORDS), weights=[50, 10, 10, 10, 8, 7, 5])[0]
    words = _WORDS[language].split()
    # Early words of the list come more often, as common words do in any language.
    chosen = [
        words[min(int(chance.expovariate(0.09)), len(words) - 1)] for _each in range(chance.randint(12, 60))
    ]
    joined = ("" if language == "zh-hans" else " ").join(chosen)
    return Sample(language, chance.choice(_TITLES), joined)
