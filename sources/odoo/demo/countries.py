"""Countries, languages and currencies of a fresh Odoo, as far as a European retailer meets them."""

COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BA": "Bosnia and Herzegovina", "BE": "Belgium", "BG": "Bulgaria",
    "BR": "Brazil", "BY": "Belarus", "CA": "Canada", "CH": "Switzerland", "CN": "China", "CY": "Cyprus",
    "CZ": "Czech Republic", "DE": "Germany", "DK": "Denmark", "EE": "Estonia", "ES": "Spain", "FI": "Finland",
    "FR": "France", "GB": "United Kingdom", "GR": "Greece", "HR": "Croatia", "HU": "Hungary", "IE": "Ireland",
    "IL": "Israel", "IN": "India", "IS": "Iceland", "IT": "Italy", "JP": "Japan", "KR": "South Korea",
    "LI": "Liechtenstein", "LT": "Lithuania", "LU": "Luxembourg", "LV": "Latvia", "MD": "Moldova", "ME": "Montenegro",
    "MK": "North Macedonia", "MT": "Malta", "MX": "Mexico", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand",
    "PL": "Poland", "PT": "Portugal", "RO": "Romania", "RS": "Serbia", "RU": "Russian Federation", "SE": "Sweden",
    "SI": "Slovenia", "SK": "Slovakia", "TR": "Türkiye", "UA": "Ukraine", "US": "United States", "VN": "Vietnam",
    "ZA": "South Africa",
}  # fmt: skip
# Code: name, whether the demo has it active.
LANGUAGES = {
    "en_US": ("English (US)", True), "cs_CZ": ("Czech / Čeština", True), "de_DE": ("German / Deutsch", True),
    "el_GR": ("Greek / Ελληνικά", False), "fr_FR": ("French / Français", False),
    "pl_PL": ("Polish / Język polski", False), "sk_SK": ("Slovak / Slovenský jazyk", False),
    "uk_UA": ("Ukrainian / українська", False), "vi_VN": ("Vietnamese / Tiếng Việt", False),
}  # fmt: skip
# Name: symbol, whether the demo has it active.
CURRENCIES = {"USD": ("$", True), "CZK": ("Kč", True), "EUR": ("€", True), "GBP": ("£", False), "PLN": ("zł", False)}
