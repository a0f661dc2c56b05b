//! The attributes of a generated user, each computed from the user's slot when asked for.

use serde::Serialize;

use super::{Luid, Seed, hash::mix, role, text::push_number};

/// Names a user inside a site. Slots below [`FRONT`] are the seeded users in name order;
/// users added later carry a flag that says whether their name sorts before or after those.
pub(crate) type Slot = u32;

/// Flag of a user added before all seeded users in name order.
pub(crate) const FRONT: Slot = 1 << 31;
/// Flag of a user added after all seeded users in name order.
pub(crate) const BACK: Slot = 1 << 30;

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Radia",
    "Ken",
    "Frances",
    "Dennis",
    "Margaret",
    "John",
    "Katherine",
    "Tony",
    "Hedy",
    "Niklaus",
];
const LAST_NAMES: [&str; 16] = [
    "Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Perlman", "Thompson", "Allen", "Ritchie",
    "Hamilton", "Backus", "Johnson", "Hoare", "Lamarr", "Wirth",
];
const UNICODE_NAMES: [&str; 5] =
    ["Žofie Müller-Ørsted", "山田 太郎", "Αλέξανδρος Ωμέγα", "नूर खान", "Zoë 👩‍💻 d’Arc"];

/// Everything a site knows of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The id on this site.
    pub id: Luid,
    /// The name to sign in with; an e-mail address on Tableau Cloud.
    pub name: String,
    /// The display name, where one is set.
    pub full_name: Option<String>,
    /// The e-mail address, where one is set.
    pub email: Option<String>,
    /// The site role, not always one that today's documentation lists.
    pub site_role: &'static str,
    /// When the user last signed in, in UTC (ISO 8601). `None` and `Some("")` both mean never.
    pub last_login: Option<String>,
    /// How the user authenticates, where the site says so.
    pub auth_setting: Option<&'static str>,
    /// `local`, an Active Directory domain, or `TABID_WITH_MFA`.
    pub domain: &'static str,
    /// The id at the external identity provider, empty without one.
    pub external_auth_user_id: String,
    /// The locale, where one is set.
    pub locale: Option<&'static str>,
    /// The language, where one is set.
    pub language: Option<&'static str>,
    /// The identity provider configuration, where one is assigned.
    pub idp_configuration_id: Option<Luid>,
}

impl Seed {
    /// All attributes of one user.
    pub(crate) fn user(&self, slot: Slot) -> User {
        User {
            id: self.user_ids.id(slot),
            name: self.user_name(slot),
            full_name: self.full_name(slot),
            email: self.email(slot),
            site_role: self.site_role(slot),
            last_login: self.last_login(slot),
            auth_setting: self.auth_setting(slot),
            domain: self.user_domain(slot),
            external_auth_user_id: self.external_auth_user_id(slot),
            locale: self.locale(slot),
            language: self.language(slot),
            idp_configuration_id: self.idp_configuration_id(slot),
        }
    }

    pub(crate) fn site_role(&self, slot: Slot) -> &'static str {
        let role = match role::FIRST_ROLES.get(slot as usize) {
            Some(role) => role,
            None if slot & (FRONT | BACK) != 0 => "Explorer",
            None => role::weighted(self.user_hash(slot, 1)),
        };
        if role == role::FUTURE_ROLE && !self.future_role { "Viewer" } else { role }
    }

    /// The name: the padded index comes first, so that slot order is name order.
    pub(crate) fn user_name(&self, slot: Slot) -> String {
        let mut name = String::with_capacity(40);
        name.push_str(match slot {
            slot if slot & FRONT != 0 => "added-",
            slot if slot & BACK != 0 => "visitor-",
            _ => "user-",
        });
        push_number(&mut name, u64::from(slot & !(FRONT | BACK)), 7);
        match self.oddity(slot) {
            Oddity::Unicode => name.push_str("-żółć.ŭser"),
            Oddity::Long => (0..22).for_each(|_| name.push_str("-very-long")),
            Oddity::Markup => name.push_str("+o'brien&co"),
            _ => {}
        }
        if self.user_domain(slot) != AD_DOMAIN {
            name.push_str("@example.com");
        }
        name
    }

    pub(crate) fn full_name(&self, slot: Slot) -> Option<String> {
        let pick = |words: &[&'static str], salt| {
            words[usize::try_from(self.user_hash(slot, salt)).unwrap_or(0) % words.len()]
        };
        match self.oddity(slot) {
            Oddity::NoFullName => None,
            Oddity::Unicode => Some(pick(&UNICODE_NAMES, 2).to_owned()),
            Oddity::Long => Some("Wolfeschlegelsteinhausenbergerdorff ".repeat(7).trim_end().to_owned()),
            Oddity::Markup => Some("Pat \"<QA>\" O'Brien & Söhne \\ Co".to_owned()),
            _ => {
                let (first, last) = (pick(&FIRST_NAMES, 2), pick(&LAST_NAMES, 3));
                let mut name = String::with_capacity(first.len() + last.len() + 1);
                name.push_str(first);
                name.push(' ');
                name.push_str(last);
                Some(name)
            }
        }
    }

    /// Two neighbours share an address but for its case, on every site of seventeen or more.
    pub(crate) fn email(&self, slot: Slot) -> Option<String> {
        match self.oddity(slot) {
            Oddity::NoEmail => return None,
            Oddity::EmailLower => return Some("sam.case@example.com".to_owned()),
            Oddity::EmailUpper => return Some("Sam.Case@Example.com".to_owned()),
            _ => {}
        }
        let mut email = String::with_capacity(28);
        email.push_str(if slot & (FRONT | BACK) == 0 { "mail" } else { "new" });
        push_number(&mut email, u64::from(slot & !FRONT), 1);
        email.push_str("@example.com");
        Some(email)
    }

    pub(crate) fn last_login(&self, slot: Slot) -> Option<String> {
        let hash = self.user_hash(slot, 4);
        match hash % 20 {
            0 => return None,
            1 => return Some(String::new()),
            _ => {}
        }
        let mut time = String::with_capacity(20);
        let mut part = |shift: u32, range: u64, from: u64, width, end| {
            push_number(&mut time, from + (hash >> shift) % range, width);
            time.push(end);
        };
        part(8, 2, 2024, 4, '-');
        part(16, 12, 1, 2, '-');
        part(24, 28, 1, 2, 'T');
        part(32, 24, 0, 2, ':');
        part(40, 60, 0, 2, ':');
        part(48, 60, 0, 2, 'Z');
        Some(time)
    }

    pub(crate) fn user_domain(&self, slot: Slot) -> &'static str {
        match self.user_hash(slot, 5) % 20 {
            0 | 1 => AD_DOMAIN,
            2 => "TABID_WITH_MFA",
            _ => "local",
        }
    }

    pub(crate) fn auth_setting(&self, slot: Slot) -> Option<&'static str> {
        if self.user_domain(slot) == "TABID_WITH_MFA" {
            return Some("TableauIDWithMFA");
        }
        match self.user_hash(slot, 6) % 10 {
            0..=5 => Some("SAML"),
            6 | 7 => Some("ServerDefault"),
            8 => Some("OpenID"),
            _ => None,
        }
    }

    pub(crate) fn external_auth_user_id(&self, slot: Slot) -> String {
        let mut id = String::new();
        if self.user_domain(slot) == AD_DOMAIN {
            id.push_str("ext-");
            push_number(&mut id, self.user_hash(slot, 7) >> 20, 1);
        }
        id
    }

    pub(crate) fn locale(&self, slot: Slot) -> Option<&'static str> {
        ["en_US", "de_DE", "pt_BR", "ja_JP"]
            .get(usize::try_from(self.user_hash(slot, 8) % 6).unwrap_or(0))
            .copied()
    }

    pub(crate) fn language(&self, slot: Slot) -> Option<&'static str> {
        self.locale(slot).and_then(|locale| locale.get(..2))
    }

    pub(crate) fn idp_configuration_id(&self, slot: Slot) -> Option<Luid> {
        let index = match self.auth_setting(slot)? {
            "SAML" => 0,
            "OpenID" => 1,
            _ => return None,
        };
        Some(self.idp_ids.id(index))
    }

    /// The first users after the roles are odd by position, a few later ones by chance.
    fn oddity(&self, slot: Slot) -> Oddity {
        match slot {
            0..=12 => Oddity::None,
            13 => Oddity::Unicode,
            14 => Oddity::Long,
            15 => Oddity::EmailLower,
            16 => Oddity::EmailUpper,
            17 => Oddity::NoEmail,
            18 => Oddity::NoFullName,
            19 => Oddity::Markup,
            _ if slot & (FRONT | BACK) != 0 => Oddity::None,
            _ => match self.user_hash(slot, 9) % 1000 {
                0..=19 => Oddity::Unicode,
                20 => Oddity::Long,
                21..=30 => Oddity::NoEmail,
                31..=40 => Oddity::NoFullName,
                41..=45 => Oddity::Markup,
                _ => Oddity::None,
            },
        }
    }

    fn user_hash(&self, slot: Slot, salt: u64) -> u64 {
        mix(&[self.key, u64::from(slot), salt])
    }
}

/// The Active Directory domain that some users and groups come from.
pub(crate) const AD_DOMAIN: &str = "corp.example.com";

enum Oddity {
    None,
    Unicode,
    Long,
    Markup,
    EmailLower,
    EmailUpper,
    NoEmail,
    NoFullName,
}
