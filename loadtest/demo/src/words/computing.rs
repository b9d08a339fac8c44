//! Titles on computing.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 7] = [
    template(
        "تعلم {x} في {n} يوما",
        "Ta'allam {x} fi {n} yawman",
        "Apprendre {x} en {n} jours",
        "Learn {x} in {n} Days",
    )
    .numbers(12, 90),
    template("مدخل إلى {x}", "Madkhal ila {x}", "Introduction {a x}", "An Introduction to {x}"),
    template("أساسيات {x}", "Asasiyat {x}", "Les bases {de x}", "{x}: the Basics"),
    template(
        "{x} من الصفر إلى الاحتراف",
        "{x} min as-sifr ila al-ihtiraf",
        "{x} : de zéro à expert",
        "{x} from Zero to Expert",
    ),
    template(
        "دليل {x} العملي",
        "Dalil {x} al-'amali",
        "Guide pratique {de x}",
        "A Practical Guide to {x}",
    ),
    template("{x} بالأمثلة", "{x} bil-amthila", "{x} par l'exemple", "{x} by Example"),
    template(
        "مشاريع في {x}: طبعة {n}",
        "Mashari' fi {x}: tab'at {n}",
        "Projets avec {x}, édition {n}",
        "Projects in {x}: {n} Edition",
    )
    .numbers(2019, 2026),
];

static TOPICS: [Topic; 12] = [
    topic("لغة رست", "Lughat Rust", "le langage Rust", "Rust"),
    topic("لغة بايثون", "Lughat Python", "le langage Python", "Python"),
    topic("قواعد البيانات", "Qawa'id Al-Bayanat", "les bases de données", "databases"),
    topic(
        "الذكاء الاصطناعي",
        "Adh-Dhaka' Al-Istina'i",
        "l'intelligence artificielle",
        "artificial intelligence",
    ),
    topic("أمن الشبكات", "Amn Ash-Shabakat", "la sécurité des réseaux", "network security"),
    topic(
        "الحوسبة السحابية",
        "Al-Hawsaba As-Sahabiya",
        "l'informatique en nuage",
        "cloud computing",
    ),
    topic("الخوارزميات", "Al-Khawarizmiyat", "les algorithmes", "algorithms"),
    topic("تطوير الويب", "Tatwir Al-Wib", "le développement web", "web development"),
    topic("نظام لينكس", "Nizam Linux", "le système Linux", "Linux"),
    topic("تحليل المعطيات", "Tahlil Al-Mu'tayat", "l'analyse de données", "data analysis"),
    topic(
        "الأنظمة الموزعة",
        "Al-Anzima Al-Muwazza'a",
        "les systèmes distribués",
        "distributed systems",
    ),
    topic(
        "معالجة اللغة العربية",
        "Mu'alajat Al-Lugha Al-'Arabiya",
        "le traitement de l'arabe",
        "Arabic language processing",
    ),
];
