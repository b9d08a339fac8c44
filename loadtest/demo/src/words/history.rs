//! Titles on history.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 7] = [
    template(
        "تاريخ {x} في {p}",
        "Tarikh {x} fi {p}",
        "Histoire {de x} {in p}",
        "A History of {x} in {p}",
    ),
    template(
        "صفحات من تاريخ {x}",
        "Safahat min tarikh {x}",
        "Pages d'histoire : {x}",
        "Pages from the History of {x}",
    ),
    template(
        "{x} في {p} خلال القرن {n}",
        "{x} fi {p} khilal al-qarn {n}",
        "{x} {in p} au {n}e siècle",
        "{x} in {p} in the {n}th Century",
    )
    .numbers(11, 19),
    template("ذاكرة {p}: {x}", "Dhakirat {p}: {x}", "Mémoire {de p} : {x}", "A Memory of {p}: {x}"),
    template("دراسات في {x}", "Dirasat fi {x}", "Études sur {x}", "Studies on {x}"),
    template(
        "على آثار {x} في {p}",
        "'Ala athar {x} fi {p}",
        "Sur les traces {de x} {in p}",
        "In Search of {x} in {p}",
    ),
    template(
        "أصول {x}: مدخل إلى تاريخ {p}",
        "Usul {x}: madkhal ila tarikh {p}",
        "Aux origines {de x} : introduction à l'histoire {de p}",
        "The Origins of {x}: an Introduction to the History of {p}",
    ),
];

static TOPICS: [Topic; 14] = [
    topic("المدن العتيقة", "Al-Mudun Al-'Atiqa", "les médinas", "the old towns"),
    topic("القوافل", "Al-Qawafil", "les caravanes", "the caravans"),
    topic("دولة المرابطين", "Dawlat Al-Murabitin", "les Almoravides", "the Almoravids"),
    topic("دولة الموحدين", "Dawlat Al-Muwahhidin", "les Almohades", "the Almohads"),
    topic("دولة المرينيين", "Dawlat Al-Mariniyyin", "les Mérinides", "the Marinids"),
    topic("دولة السعديين", "Dawlat As-Sa'diyyin", "les Saâdiens", "the Saadians"),
    topic("الأسواق", "Al-Aswaq", "les souks", "the souks"),
    topic("الموانئ", "Al-Mawani'", "les ports", "the harbours"),
    topic("القضاة", "Al-Qudat", "les cadis", "the judges"),
    topic("المخطوطات", "Al-Makhtutat", "les manuscrits", "the manuscripts"),
    topic("الرحالة", "Ar-Rahhala", "les voyageurs", "the travellers"),
    topic("العملة", "Al-'Umla", "la monnaie", "coinage"),
    topic("الماء", "Al-Ma'", "l'eau", "water"),
    topic("القصبات", "Al-Qasabat", "les kasbahs", "the kasbahs"),
];
