//! Titles for children.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 6] = [
    template("حكاية {x}", "Hikayat {x}", "Le conte {de x}", "The Tale of {x}"),
    template(
        "مغامرات {x} في {p}",
        "Mughamarat {x} fi {p}",
        "Les aventures {de x} {in p}",
        "The Adventures of {x} in {p}",
    ),
    template("{x} تحت النجوم", "{x} tahta an-nujum", "{x} sous les étoiles", "{x} under the Stars"),
    template("أين {x}؟", "Ayna {x}?", "Où est {x} ?", "Where Is {x}?"),
    template(
        "{n} حكايات قبل النوم: {x}",
        "{n} hikayat qabla an-nawm: {x}",
        "{n} histoires du soir : {x}",
        "{n} Bedtime Stories: {x}",
    )
    .numbers(3, 10),
    template(
        "من {p} يبدأ سفر {x}",
        "Min {p} yabda' safar {x}",
        "Le grand voyage {de x}, au départ {de p}",
        "From {p}: the Long Journey of {x}",
    ),
];

static TOPICS: [Topic; 14] = [
    topic("القنفذ الذكي", "Al-Qunfudh Adh-Dhaki", "le hérisson malin", "the clever hedgehog"),
    topic("السلحفاة العجوز", "As-Sulahfat Al-'Ajuz", "la vieille tortue", "the old tortoise"),
    topic("القمر الخجول", "Al-Qamar Al-Khajul", "la lune timide", "the shy moon"),
    topic("الثعلب الماكر", "Ath-Tha'lab Al-Makir", "le renard rusé", "the sly fox"),
    topic(
        "الجدة لالة فاطمة",
        "Al-Jadda Lalla Fatima",
        "grand-mère Lalla Fatima",
        "Grandmother Lalla Fatima",
    ),
    topic("الحصان الأزرق", "Al-Hisan Al-Azraq", "le cheval bleu", "the blue horse"),
    topic("اللقلق المسافر", "Al-Laqlaq Al-Musafir", "la cigogne voyageuse", "the travelling stork"),
    topic("النملة الصغيرة", "An-Namla As-Saghira", "la petite fourmi", "the little ant"),
    topic("الغول الطيب", "Al-Ghul At-Tayyib", "l'ogre gentil", "the kind ogre"),
    topic("الأخت الصغرى", "Al-Ukht As-Sughra", "la petite sœur", "the little sister"),
    topic("السحابة البيضاء", "As-Sahaba Al-Bayda'", "le nuage blanc", "the white cloud"),
    topic("أميرة الواحة", "Amirat Al-Waha", "la princesse de l'oasis", "the princess of the oasis"),
    topic("قلب الصخرة", "Qalb As-Sakhra", "le cœur du rocher", "the heart of the rock"),
    topic("العصفور الأول", "Al-'Usfur Al-Awwal", "l'oiseau du matin", "the early bird"),
];
