//! Words that no library has in this form: short lists, so that made-up data reads well.

pub(super) const COLORS: &[&str] = &[
    "red", "green", "blue", "yellow", "purple", "teal", "orange", "grey", "white", "black", "olive", "indigo", "violet",
    "magenta", "turquoise", "salmon", "ivory", "azure",
];
pub(super) const ABBREVIATIONS: &[&str] = &[
    "HTTP", "SQL", "JSON", "XML", "TCP", "DNS", "TLS", "RAM", "GPU", "USB", "API", "CSS", "CLI", "SSD", "VPN",
];
pub(super) const LOCALES: &[&str] =
    &["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "fi", "cs", "tr", "ja", "ko", "zh", "ar", "uk"];
pub(super) const ACCOUNTS: &[&str] = &[
    "Checking Account", "Savings Account", "Credit Card Account", "Investment Account", "Home Loan Account",
    "Personal Loan Account", "Money Market Account", "Auto Loan Account",
];
pub(super) const TRANSACTIONS: &[&str] = &["deposit", "withdrawal", "payment", "invoice"];
pub(super) const COLUMNS: &[&str] = &[
    "id", "title", "name", "email", "phone", "token", "group", "category", "password", "comment", "avatar", "status",
    "createdAt", "updatedAt",
];
pub(super) const COLUMN_TYPES: &[&str] = &[
    "int", "bigint", "smallint", "decimal", "float", "double", "boolean", "date", "time", "timestamp", "char",
    "varchar", "text", "blob", "enum",
];
pub(super) const COLLATIONS: &[&str] =
    &["utf8_unicode_ci", "utf8_general_ci", "utf8_bin", "ascii_bin", "ascii_general_ci", "cp1250_bin"];
pub(super) const ENGINES: &[&str] = &["InnoDB", "MyISAM", "MEMORY", "CSV", "BLACKHOLE", "ARCHIVE"];
pub(super) const WEEKDAYS: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const MONTHS: &[&str] = &[
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
];
/// Media types that files often have, with their extensions.
pub(super) const COMMON_FILES: &[(&str, &str)] = &[
    ("application", "pdf"), ("audio", "mp3"), ("audio", "wav"), ("image", "png"), ("image", "jpeg"), ("image", "gif"),
    ("text", "html"), ("text", "css"), ("text", "csv"), ("video", "mp4"), ("video", "mpeg"),
];
pub(super) const EXTENSIONS: &[&str] = &[
    "csv", "doc", "gif", "gz", "html", "jpg", "json", "mp3", "mp4", "odt", "pdf", "png", "svg", "tar", "txt", "webp",
    "xls", "xml", "yaml", "zip",
];
pub(super) const DIRECTORIES: &[&str] =
    &["/bin", "/etc", "/home/user", "/lib", "/opt", "/srv", "/tmp", "/usr/bin", "/usr/local/src", "/var/log", "/var/mail"];
pub(super) const PRODUCTS: &[&str] = &[
    "Chair", "Table", "Lamp", "Keyboard", "Mouse", "Bike", "Ball", "Gloves", "Shirt", "Shoes", "Hat", "Towels", "Soap",
    "Cheese", "Bread", "Salad", "Sausages", "Pizza",
];
pub(super) const QUALITIES: &[&str] = &[
    "Small", "Large", "Light", "Sturdy", "Elegant", "Handmade", "Practical", "Refined", "Rustic", "Modern", "Tasty",
    "Gorgeous", "Simple", "Licensed",
];
pub(super) const MATERIALS: &[&str] =
    &["Wooden", "Steel", "Cotton", "Rubber", "Plastic", "Concrete", "Metal", "Granite", "Soft", "Fresh", "Frozen"];
pub(super) const DEPARTMENTS: &[&str] = &[
    "Books", "Music", "Movies", "Games", "Computers", "Electronics", "Home", "Garden", "Tools", "Grocery", "Health",
    "Beauty", "Toys", "Kids", "Clothing", "Shoes", "Jewelery", "Sports", "Outdoors", "Automotive",
];
pub(super) const NOUNS: &[&str] = &[
    "array", "bus", "card", "circuit", "driver", "feed", "firewall", "interface", "matrix", "microchip", "monitor",
    "panel", "pixel", "port", "program", "protocol", "sensor", "system", "transmitter",
];
/// Verbs, each with its form in -ing.
pub(super) const VERBS: &[(&str, &str)] = &[
    ("back up", "backing up"), ("bypass", "bypassing"), ("calculate", "calculating"), ("compress", "compressing"),
    ("connect", "connecting"), ("copy", "copying"), ("generate", "generating"), ("hack", "hacking"),
    ("index", "indexing"), ("input", "inputting"), ("navigate", "navigating"), ("override", "overriding"),
    ("parse", "parsing"), ("program", "programming"), ("quantify", "quantifying"), ("reboot", "rebooting"),
    ("synthesize", "synthesizing"), ("transmit", "transmitting"),
];
pub(super) const ADJECTIVES: &[&str] = &[
    "auxiliary", "primary", "back-end", "digital", "open-source", "virtual", "cross-platform", "redundant", "online",
    "haptic", "multi-byte", "bluetooth", "wireless", "optical", "solid state", "mobile", "neural",
];
