//! Places where titles play.

use super::Place;

const fn place(
    ar: &'static str,
    latin: &'static str,
    fr: &'static str,
    fr_in: &'static str,
    en: &'static str,
) -> Place {
    Place { ar, latin, fr, fr_in, en }
}

pub(crate) static PLACES: [Place; 21] = [
    place("المغرب", "Al-Maghrib", "le Maroc", "au Maroc", "Morocco"),
    place("فاس", "Fas", "Fès", "à Fès", "Fez"),
    place("مراكش", "Murrakush", "Marrakech", "à Marrakech", "Marrakesh"),
    place("طنجة", "Tanja", "Tanger", "à Tanger", "Tangier"),
    place("تطوان", "Titwan", "Tétouan", "à Tétouan", "Tetouan"),
    place("سلا", "Sala", "Salé", "à Salé", "Salé"),
    place("مكناس", "Miknas", "Meknès", "à Meknès", "Meknes"),
    place("الصويرة", "As-Sawira", "Essaouira", "à Essaouira", "Essaouira"),
    place("الدار البيضاء", "Ad-Dar Al-Bayda'", "Casablanca", "à Casablanca", "Casablanca"),
    place("أكادير", "Agadir", "Agadir", "à Agadir", "Agadir"),
    place("فكيك", "Figuig", "Figuig", "à Figuig", "Figuig"),
    place("الريف", "Ar-Rif", "le Rif", "dans le Rif", "the Rif"),
    place(
        "الأطلس الكبير",
        "Al-Atlas Al-Kabir",
        "le Haut Atlas",
        "dans le Haut Atlas",
        "the High Atlas",
    ),
    place(
        "الأطلس المتوسط",
        "Al-Atlas Al-Mutawassit",
        "le Moyen Atlas",
        "dans le Moyen Atlas",
        "the Middle Atlas",
    ),
    place("سوس", "Sus", "le Souss", "dans le Souss", "the Sous"),
    place("تافيلالت", "Tafilalt", "le Tafilalet", "dans le Tafilalet", "Tafilalt"),
    place(
        "وادي درعة",
        "Wadi Dar'a",
        "la vallée du Drâa",
        "dans la vallée du Drâa",
        "the Draa Valley",
    ),
    place("الصحراء", "As-Sahra'", "le Sahara", "au Sahara", "the Sahara"),
    place("الجهة الشرقية", "Al-Jiha Ash-Sharqiya", "l'Oriental", "dans l'Oriental", "the Oriental"),
    place("دكالة", "Dukkala", "les Doukkala", "dans les Doukkala", "Doukkala"),
    place("الأندلس", "Al-Andalus", "l'Andalousie", "en Andalousie", "al-Andalus"),
];
