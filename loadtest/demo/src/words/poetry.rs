//! Titles of poems.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 7] = [
    template("ديوان {x}", "Diwan {x}", "Diwan {de x}", "The Diwan of {x}"),
    template("قصائد {x}", "Qasa'id {x}", "Poèmes {de x}", "Poems of {x}"),
    template(
        "أغاني {x} من {p}",
        "Aghani {x} min {p}",
        "Chants {de x} {in p}",
        "Songs of {x} from {p}",
    ),
    template("مرثية {x}", "Marthiyat {x}", "Élégie {de x}", "An Elegy for {x}"),
    template("{n} قصيدة عن {x}", "{n} qasida 'an {x}", "{n} poèmes sur {x}", "{n} Poems on {x}")
        .numbers(11, 99),
    template(
        "{x} أو كتاب {p}",
        "{x} aw kitab {p}",
        "{x} ou le livre {de p}",
        "{x}, or the Book of {p}",
    ),
    template("الملحون: {x}", "Al-Malhun: {x}", "Le malhoun : {x}", "Malhun: {x}"),
];

static TOPICS: [Topic; 14] = [
    topic("الليل", "Al-Layl", "la nuit", "the night"),
    topic("البحر", "Al-Bahr", "la mer", "the sea"),
    topic("الحنين", "Al-Hanin", "la nostalgie", "longing"),
    topic("الغياب", "Al-Ghiyab", "l'absence", "absence"),
    topic("المطر", "Al-Matar", "la pluie", "the rain"),
    topic("الياسمين", "Al-Yasamin", "le jasmin", "jasmine"),
    topic("المنفى", "Al-Manfa", "l'exil", "exile"),
    topic("الريح", "Ar-Rih", "le vent", "the wind"),
    topic("الأم", "Al-Umm", "la mère", "the mother"),
    topic("القلب", "Al-Qalb", "le cœur", "the heart"),
    topic("الذاكرة", "Adh-Dhakira", "la mémoire", "memory"),
    topic("الغزالة", "Al-Ghazala", "la gazelle", "the gazelle"),
    topic("العين", "Al-'Ayn", "l'œil", "the eye"),
    topic("الوردة", "Al-Warda", "la rose", "the rose"),
];
