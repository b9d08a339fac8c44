//! Titles on cookery.

use super::{SubjectWords, Template, Topic, template, topic};

pub(super) static WORDS: SubjectWords = SubjectWords { templates: &TEMPLATES, topics: &TOPICS };

static TEMPLATES: [Template; 6] = [
    template("فن {x}", "Fann {x}", "L'art {de x}", "The Art of {x}"),
    template(
        "{n} وصفة مع {x}",
        "{n} wasfa ma'a {x}",
        "{n} recettes avec {x}",
        "{n} Recipes with {x}",
    )
    .numbers(20, 99),
    template(
        "أسرار {x} من {p}",
        "Asrar {x} min {p}",
        "Les secrets {de x} {in p}",
        "The Secrets of {x} from {p}",
    ),
    template(
        "مطبخ {p}: {x}",
        "Matbakh {p}: {x}",
        "La cuisine {de p} : {x}",
        "The Kitchen of {p}: {x}",
    ),
    template(
        "{x} على مائدة رمضان",
        "{x} 'ala ma'idat Ramadan",
        "{x} à la table du ramadan",
        "{x} for the Ramadan Table",
    ),
    template("{x} خطوة بخطوة", "{x} khutwa bi-khutwa", "{x} pas à pas", "{x} Step by Step"),
];

static TOPICS: [Topic; 14] = [
    topic("الطاجين", "At-Tajin", "le tajine", "tagine"),
    topic("الكسكس", "Al-Kuskus", "le couscous", "couscous"),
    topic("البسطيلة", "Al-Bastila", "la pastilla", "pastilla"),
    topic(
        "الحلويات المغربية",
        "Al-Halawiyat Al-Maghribiya",
        "les pâtisseries marocaines",
        "Moroccan pastries",
    ),
    topic("الشاي بالنعناع", "Ash-Shay bin-Na'na'", "le thé à la menthe", "mint tea"),
    topic("زيت الأركان", "Zayt Al-Arkan", "l'huile d'argan", "argan oil"),
    topic("التوابل", "At-Tawabil", "les épices", "spices"),
    topic("الخبز البلدي", "Al-Khubz Al-Baladi", "le pain de campagne", "country bread"),
    topic("السمك", "As-Samak", "le poisson", "fish"),
    topic("الزيتون", "Az-Zaytun", "l'olive", "olives"),
    topic("الحريرة", "Al-Harira", "la harira", "harira"),
    topic("لحم البقر", "Lahm Al-Baqar", "le bœuf", "beef"),
    topic("البيض", "Al-Bayd", "les œufs", "eggs"),
    topic("اللوز", "Al-Lawz", "l'amande", "almonds"),
];
