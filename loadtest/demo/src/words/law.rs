//! Titles on law.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 7] = [
    template("فهم {x}", "Fahm {x}", "Comprendre {x}", "Understanding {x}"),
    template("الوجيز في {x}", "Al-Wajiz fi {x}", "Précis {de x}", "A Short Course in {x}"),
    template(
        "{x}: نصوص وتعليقات",
        "{x}: nusus wa ta'liqat",
        "{x} : textes et commentaires",
        "{x}: Texts and Commentary",
    ),
    template("محاضرات في {x}", "Muhadarat fi {x}", "Leçons sur {x}", "Lectures on {x}"),
    template(
        "{x} في {n} سؤالا وجوابا",
        "{x} fi {n} su'alan wa jawaban",
        "{x} en {n} questions et réponses",
        "{x} in {n} Questions and Answers",
    )
    .numbers(20, 99),
    template("مدخل إلى {x}", "Madkhal ila {x}", "Introduction {a x}", "An Introduction to {x}"),
    template(
        "مؤلفات مختارة في {x}",
        "Mu'allafat mukhtara fi {x}",
        "Œuvres choisies sur {x}",
        "Selected Works on {x}",
    ),
];

static TOPICS: [Topic; 13] = [
    topic("مدونة الأسرة", "Mudawwanat Al-Usra", "le code de la famille", "the Family Code"),
    topic("قانون الشغل", "Qanun Ash-Shughl", "le droit du travail", "labour law"),
    topic("القانون التجاري", "Al-Qanun At-Tijari", "le droit commercial", "commercial law"),
    topic("القانون العقاري", "Al-Qanun Al-'Aqari", "le droit foncier", "land law"),
    topic("المسطرة المدنية", "Al-Mastara Al-Madaniya", "la procédure civile", "civil procedure"),
    topic("القانون الجنائي", "Al-Qanun Al-Jina'i", "le droit pénal", "criminal law"),
    topic(
        "حماية المستهلك",
        "Himayat Al-Mustahlik",
        "la protection du consommateur",
        "consumer protection",
    ),
    topic("التحكيم", "At-Tahkim", "l'arbitrage", "arbitration"),
    topic(
        "الملكية الفكرية",
        "Al-Milkiya Al-Fikriya",
        "la propriété intellectuelle",
        "intellectual property",
    ),
    topic(
        "القانون الدستوري",
        "Al-Qanun Ad-Dusturi",
        "le droit constitutionnel",
        "constitutional law",
    ),
    topic("الضريبة", "Ad-Dariba", "l'impôt", "taxation"),
    topic(
        "المعطيات الشخصية",
        "Al-Mu'tayat Ash-Shakhsiya",
        "les données personnelles",
        "personal data",
    ),
    topic("عقود الكراء", "'Uqud Al-Kira'", "les baux", "tenancy contracts"),
];
