//! Titles on Sufism.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 7] = [
    template("رسالة في {x}", "Risala fi {x}", "Épître sur {x}", "An Epistle on {x}"),
    template("أنوار {x}", "Anwar {x}", "Les lumières {de x}", "The Lights of {x}"),
    template(
        "{x} عند صوفية {p}",
        "{x} 'inda sufiyat {p}",
        "{x} chez les soufis {de p}",
        "{x} among the Sufis of {p}",
    ),
    template("كتاب {x}", "Kitab {x}", "Le livre {de x}", "The Book of {x}"),
    template("طريق {x}", "Tariq {x}", "La voie {de x}", "The Way of {x}"),
    template("{n} حكمة في {x}", "{n} hikma fi {x}", "{n} sagesses sur {x}", "{n} Sayings on {x}")
        .numbers(11, 99),
    template(
        "مناقب {p}: {x}",
        "Manaqib {p}: {x}",
        "Vies de saints {de p} : {x}",
        "Lives of the Saints of {p}: {x}",
    ),
];

static TOPICS: [Topic; 12] = [
    topic("المحبة", "Al-Mahabba", "l'amour divin", "divine love"),
    topic("الذكر", "Adh-Dhikr", "le dhikr", "remembrance"),
    topic("الزوايا", "Az-Zawaya", "les zaouïas", "the zawiyas"),
    topic("السماع", "As-Sama'", "le samâ", "listening"),
    topic("الأولياء", "Al-Awliya'", "les saints", "the saints"),
    topic("الحكم", "Al-Hikam", "les aphorismes", "the aphorisms"),
    topic("الأسرار", "Al-Asrar", "les mystères", "the mysteries"),
    topic("المقامات", "Al-Maqamat", "les stations spirituelles", "the stations of the way"),
    topic("الصحبة", "As-Suhba", "le compagnonnage", "companionship"),
    topic("التوبة", "At-Tawba", "le repentir", "repentance"),
    topic("الروح", "Ar-Ruh", "l'âme", "the soul"),
    topic("الإحسان", "Al-Ihsan", "l'excellence", "excellence"),
];
