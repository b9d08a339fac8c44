//! The twelve cities where vendors and users live, with districts and postcodes.

/// A city of the demo catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct City {
    /// A short name for handles and filters, such as `marrakech`.
    pub handle: &'static str,
    /// The name in Arabic letters.
    pub ar: &'static str,
    /// The name as French and English texts write it here.
    pub latin: &'static str,
    /// The first postcode of the city; districts follow in tens.
    pub postcode: u32,
    /// Districts, each in Arabic and in Latin letters.
    pub districts: &'static [(&'static str, &'static str)],
}

/// All twelve, the largest first.
pub static CITIES: [City; 12] = [
    City {
        handle: "casablanca",
        ar: "الدار البيضاء",
        latin: "Casablanca",
        postcode: 20_000,
        districts: &[
            ("المعاريف", "Maârif"),
            ("عين الشق", "Aïn Chock"),
            ("سيدي مومن", "Sidi Moumen"),
            ("الحي المحمدي", "Hay Mohammadi"),
        ],
    },
    City {
        handle: "rabat",
        ar: "الرباط",
        latin: "Rabat",
        postcode: 10_000,
        districts: &[
            ("أكدال", "Agdal"),
            ("حسان", "Hassan"),
            ("يعقوب المنصور", "Yacoub El Mansour"),
            ("الرياض", "Hay Riad"),
        ],
    },
    City {
        handle: "fes",
        ar: "فاس",
        latin: "Fès",
        postcode: 30_000,
        districts: &[
            ("فاس البالي", "Fès el-Bali"),
            ("نرجس", "Narjiss"),
            ("سايس", "Saïss"),
            ("زواغة", "Zouagha"),
        ],
    },
    City {
        handle: "marrakech",
        ar: "مراكش",
        latin: "Marrakech",
        postcode: 40_000,
        districts: &[
            ("المدينة", "Médina"),
            ("جليز", "Guéliz"),
            ("الداوديات", "Daoudiate"),
            ("المسيرة", "Massira"),
        ],
    },
    City {
        handle: "tanger",
        ar: "طنجة",
        latin: "Tanger",
        postcode: 90_000,
        districts: &[("مرشان", "Marshan"), ("مالاباطا", "Malabata"), ("بني مكادة", "Beni Makada")],
    },
    City {
        handle: "agadir",
        ar: "أكادير",
        latin: "Agadir",
        postcode: 80_000,
        districts: &[("تالبرجت", "Talborjt"), ("الداخلة", "Dakhla"), ("تيليلا", "Tilila")],
    },
    City {
        handle: "meknes",
        ar: "مكناس",
        latin: "Meknès",
        postcode: 50_000,
        districts: &[
            ("حمرية", "Hamria"),
            ("مرجان", "Marjane"),
            ("برج مولاي عمر", "Borj Moulay Omar"),
        ],
    },
    City {
        handle: "oujda",
        ar: "وجدة",
        latin: "Oujda",
        postcode: 60_000,
        districts: &[("لازاري", "Lazaret"), ("القدس", "Al Qods"), ("سيدي يحيى", "Sidi Yahya")],
    },
    City {
        handle: "tetouan",
        ar: "تطوان",
        latin: "Tétouan",
        postcode: 93_000,
        districts: &[
            ("سانية الرمل", "Saniat Rmel"),
            ("الطويلع", "Touilaâ"),
            ("المحنش", "M'hannech"),
        ],
    },
    City {
        handle: "essaouira",
        ar: "الصويرة",
        latin: "Essaouira",
        postcode: 44_000,
        districts: &[("الملاح", "Mellah"), ("السقالة", "Sqala"), ("الغزوة", "Ghazoua")],
    },
    City {
        handle: "beni-mellal",
        ar: "بني ملال",
        latin: "Béni Mellal",
        postcode: 23_000,
        districts: &[("أولاد عياد", "Ouled Ayad"), ("تامكنونت", "Tamagnount"), ("الرياض", "Riad")],
    },
    City {
        handle: "laayoune",
        ar: "العيون",
        latin: "Laâyoune",
        postcode: 70_000,
        districts: &[("الوحدة", "Al Wahda"), ("السعادة", "Saâda"), ("العودة", "Al Aouda")],
    },
];
