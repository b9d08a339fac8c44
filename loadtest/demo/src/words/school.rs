//! Titles for pupils.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 6] = [
    template(
        "{x}: السنة {n} ابتدائي",
        "{x}: as-sana {n} ibtida'i",
        "{x} : année {n} du primaire",
        "{x}: Primary Year {n}",
    )
    .numbers(1, 6),
    template("كراسة {x}", "Kurrasat {x}", "Cahier {d x}", "{x}: a Workbook"),
    template(
        "تمارين محلولة في {x}",
        "Tamarin mahlula fi {x}",
        "Exercices corrigés {d x}",
        "Solved Exercises in {x}",
    ),
    template("{x} بين يديك", "{x} bayna yadayk", "{x} à portée de main", "{x} within Reach"),
    template(
        "الباكالوريا: {x} في {n} درسا",
        "Al-Bakaluriya: {x} fi {n} darsan",
        "Le bac : {x} en {n} leçons",
        "The Baccalaureate: {x} in {n} Lessons",
    )
    .numbers(12, 60),
    template("المفيد في {x}", "Al-Mufid fi {x}", "L'essentiel {de x}", "{x}: the Essentials"),
];

static TOPICS: [Topic; 12] = [
    topic("الرياضيات", "Ar-Riyadiyat", "les mathématiques", "mathematics"),
    topic("الفيزياء", "Al-Fizya'", "la physique", "physics"),
    topic(
        "علوم الحياة والأرض",
        "'Ulum Al-Hayat wal-Ard",
        "les sciences de la vie et de la Terre",
        "life and earth sciences",
    ),
    topic("الفلسفة", "Al-Falsafa", "la philosophie", "philosophy"),
    topic("اللغة العربية", "Al-Lugha Al-'Arabiya", "la langue arabe", "the Arabic language"),
    topic("اللغة الفرنسية", "Al-Lugha Al-Faransiya", "la langue française", "the French language"),
    topic("اللغة الإنجليزية", "Al-Lugha Al-Injliziya", "la langue anglaise", "the English language"),
    topic("الجغرافيا", "Al-Jughrafiya", "la géographie", "geography"),
    topic(
        "التربية الإسلامية",
        "At-Tarbiya Al-Islamiya",
        "l'éducation islamique",
        "Islamic education",
    ),
    topic("الاقتصاد", "Al-Iqtisad", "l'économie", "economics"),
    topic("الكيمياء", "Al-Kimiya'", "la chimie", "chemistry"),
    topic("النحو", "An-Nahw", "la grammaire", "grammar"),
];
