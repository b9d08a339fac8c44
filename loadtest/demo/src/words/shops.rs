//! Names of bookshops in three scripts.

/// A word over a shop's door.
pub(crate) struct Emblem {
    /// Small ASCII letters, for handles.
    pub(crate) handle: &'static str,
    pub(crate) ar: &'static str,
    pub(crate) latin: &'static str,
    pub(crate) tifinagh: &'static str,
}

const fn emblem(
    handle: &'static str,
    ar: &'static str,
    latin: &'static str,
    tifinagh: &'static str,
) -> Emblem {
    Emblem { handle, ar, latin, tifinagh }
}

/// What kind of shop it is.
pub(crate) static KINDS: [Emblem; 4] = [
    emblem("librairie", "مكتبة", "Librairie", "ⵜⴰⵙⴷⵍⵉⵙⵜ"),
    emblem("maktaba", "مكتبة", "Maktabat", "ⵜⴰⵙⴷⵍⵉⵙⵜ"),
    emblem("bouquiniste", "كتبي", "Bouquiniste", "ⴰⵎⵙⴷⵍⵉⵙ"),
    emblem("maison", "دار الكتاب", "Maison du livre", "ⵜⵉⴳⵎⵎⵉ ⵏ ⵓⴷⵍⵉⵙ"),
];

/// What it is named after.
pub(crate) static EMBLEMS: [Emblem; 24] = [
    emblem("atlas", "الأطلس", "Atlas", "ⴰⵟⵍⴰⵙ"),
    emblem("argan", "أركان", "Argan", "ⴰⵔⴳⴰⵏ"),
    emblem("tafoukt", "تافوكت", "Tafoukt", "ⵜⴰⴼⵓⴽⵜ"),
    emblem("ayyour", "أيور", "Ayyour", "ⴰⵢⵢⵓⵔ"),
    emblem("itri", "إتري", "Itri", "ⵉⵜⵔⵉ"),
    emblem("azul", "أزول", "Azul", "ⴰⵣⵓⵍ"),
    emblem("adrar", "أدرار", "Adrar", "ⴰⴷⵔⴰⵔ"),
    emblem("tiwizi", "تيويزي", "Tiwizi", "ⵜⵉⵡⵉⵣⵉ"),
    emblem("anzar", "أنزار", "Anzar", "ⴰⵏⵥⴰⵔ"),
    emblem("tilelli", "تيليلي", "Tilelli", "ⵜⵉⵍⴻⵍⵍⵉ"),
    emblem("tamount", "تامونت", "Tamount", "ⵜⴰⵎⵓⵏⵜ"),
    emblem("nour", "النور", "An-Nour", "ⵏⵏⵓⵔ"),
    emblem("salam", "السلام", "As-Salam", "ⵙⵙⴰⵍⴰⵎ"),
    emblem("amal", "الأمل", "Al-Amal", "ⵍⴰⵎⴰⵍ"),
    emblem("hikma", "الحكمة", "Al-Hikma", "ⵍⵃⵉⴽⵎⴰ"),
    emblem("andalous", "الأندلس", "Al-Andalous", "ⵍⴰⵏⴷⴰⵍⵓⵙ"),
    emblem("fanous", "الفانوس", "Al-Fanous", "ⵍⴼⴰⵏⵓⵙ"),
    emblem("qalam", "القلم", "Al-Qalam", "ⵍⵇⴰⵍⴰⵎ"),
    emblem("yasmine", "الياسمين", "Al-Yasmine", "ⵍⵢⴰⵙⵎⵉⵏ"),
    emblem("bahia", "الباهية", "Al-Bahia", "ⵍⴱⴰⵀⵢⴰ"),
    emblem("waha", "الواحة", "Al-Waha", "ⵍⵡⴰⵃⴰ"),
    emblem("manar", "المنار", "Al-Manar", "ⵍⵎⴰⵏⴰⵔ"),
    emblem("rihla", "الرحلة", "Ar-Rihla", "ⵔⵔⵉⵃⵍⴰ"),
    emblem("zitoun", "الزيتون", "Az-Zitoun", "ⵣⵣⵉⵜⵓⵏ"),
];
