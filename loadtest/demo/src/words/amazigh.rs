//! Titles on Amazigh heritage.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 6] = [
    template("{x} في {p}", "{x} fi {p}", "{x} {in p}", "{x} in {p}"),
    template("كنوز {x}", "Kunuz {x}", "Trésors {de x}", "Treasures of {x}"),
    template(
        "{x}: تراث وهوية",
        "{x}: turath wa huwiya",
        "{x} : patrimoine et identité",
        "{x}: Heritage and Identity",
    ),
    template("دليل {x}", "Dalil {x}", "Guide {de x}", "A Guide to {x}"),
    template(
        "{x} بين الأمس واليوم",
        "{x} bayn al-ams wal-yawm",
        "{x}, d'hier à aujourd'hui",
        "{x}, Then and Now",
    ),
    template(
        "ذاكرة الأمازيغ في {p}: {x}",
        "Dhakirat al-Amazigh fi {p}: {x}",
        "Mémoire amazighe {in p} : {x}",
        "Amazigh Memory in {p}: {x}",
    ),
];

static TOPICS: [Topic; 13] = [
    topic(
        "اللغة الأمازيغية",
        "Al-Lugha Al-Amazighiya",
        "la langue amazighe",
        "the Amazigh language",
    ),
    topic(
        "حروف تيفيناغ ⵜⵉⴼⵉⵏⴰⵖ",
        "Huruf Tifinagh",
        "les lettres tifinaghes ⵜⵉⴼⵉⵏⴰⵖ",
        "the Tifinagh letters ⵜⵉⴼⵉⵏⴰⵖ",
    ),
    topic(
        "الحكاية الأمازيغية",
        "Al-Hikaya Al-Amazighiya",
        "le conte amazigh",
        "the Amazigh folktale",
    ),
    topic("الزربية الأمازيغية", "Az-Zarbiya Al-Amazighiya", "le tapis amazigh", "the Amazigh rug"),
    topic("الحلي الفضية", "Al-Huliy Al-Fiddiya", "les bijoux d'argent", "silver jewellery"),
    topic("أحواش", "Ahwach", "l'ahwach", "the ahwash dance"),
    topic("الأعراف القبلية", "Al-A'raf Al-Qabaliya", "les coutumes tribales", "tribal custom"),
    topic(
        "المخازن الجماعية",
        "Al-Makhazin Al-Jama'iya",
        "les greniers collectifs",
        "the collective granaries",
    ),
    topic("الوشم", "Al-Washm", "le tatouage", "the tattoo"),
    topic(
        "الأمثال الأمازيغية",
        "Al-Amthal Al-Amazighiya",
        "les proverbes amazighs",
        "Amazigh proverbs",
    ),
    topic("شجرة الأركان", "Shajarat Al-Arkan", "l'arganier", "the argan tree"),
    topic(
        "رأس السنة الأمازيغية",
        "Ra's As-Sana Al-Amazighiya",
        "le Nouvel An amazigh",
        "the Amazigh New Year",
    ),
    topic(
        "السقي التقليدي",
        "As-Saqy At-Taqlidi",
        "l'irrigation traditionnelle",
        "traditional irrigation",
    ),
];
