//! The letters' texts in Arabic, French and English. None repeats what the registering person typed, since it may be a stranger's
//! words to somebody else's mailbox.

use base_ids::Language;
use base_time::{HOME_ZONE, Timestamp};
use svc_auth::effect::Letter;

/// Subject and text; `{code}` and `{time}` stand for the code and the end of its life.
type Texts = (&'static str, &'static str);

/// Writes a letter: subject and text. `None` if it carries a code and none is given.
pub(super) fn write(
    letter: Letter,
    language: Language,
    code: Option<(&str, Timestamp)>,
) -> Option<(String, String)> {
    let (subject, text) = texts(letter, language);
    if !text.contains("{code}") {
        return Some((subject.to_owned(), text.to_owned()));
    }
    let (code, until) = code?;
    // `2026-11-21T09:30:00+01:00`: people read the hour and the minute.
    let time = until.in_zone(HOME_ZONE).get(11..16).unwrap_or_default().to_owned();
    let fill = |text: &str| text.replace("{code}", code).replace("{time}", &time);
    Some((fill(subject), fill(text)))
}

fn texts(letter: Letter, language: Language) -> Texts {
    match language {
        Language::Ar => arabic(letter),
        Language::Fr => french(letter),
        Language::En => english(letter),
    }
}

fn english(letter: Letter) -> Texts {
    match letter {
        Letter::RegistrationCode => (
            "{code} is your Souk code",
            "Welcome to Souk.\n\nYour code to finish registering: {code}\n\nIt can be used until {time} (Morocco time). \
             If you did not register, ignore this mail: without the code nothing happens. Never give the code to anybody.\n",
        ),
        Letter::SignInCode => (
            "{code} is your Souk code",
            "Your code to sign in: {code}\n\nIt can be used until {time} (Morocco time). If you did not ask for it, \
             ignore this mail. Never give the code to anybody.\n",
        ),
        Letter::ResetCode => (
            "{code} is your Souk code",
            "Your code to set a new password: {code}\n\nIt can be used until {time} (Morocco time). If you did not ask \
             for it, ignore this mail: your password stays as it is. Never give the code to anybody.\n",
        ),
        Letter::AlreadyRegistered => (
            "You have a Souk account",
            "Somebody wanted to register with this address, but it has an account already.\n\nIf it was you, sign in, or \
             ask for a code if you no longer know the password. If it was not you, there is nothing to do.\n",
        ),
        Letter::RegistrationUnderWay => (
            "Your registration with Souk",
            "Somebody wanted to register with this address, but a registration is under way already.\n\nUse the code \
             from the earlier mail, or try again in half an hour. If it was not you, there is nothing to do.\n",
        ),
        Letter::PasswordChanged => (
            "Your password was changed",
            "The password of your Souk account was changed, and the other sessions were signed out.\n\nIf it was not you, \
             reset the password now with a code.\n",
        ),
        Letter::Locked => (
            "Wrong passwords for your Souk account",
            "Somebody gave a wrong password for your account several times. For a while no password is accepted.\n\nIf it \
             was you, wait a few minutes or sign in with a code. If it was not you, there is nothing to do: each further \
             try waits longer.\n",
        ),
        Letter::SessionReused => (
            "We signed out a session",
            "A session of your Souk account was used from two places, which should never happen, so we signed it \
             out.\n\nSign in again, and change your password if something looks strange.\n",
        ),
    }
}

fn french(letter: Letter) -> Texts {
    match letter {
        Letter::RegistrationCode => (
            "{code} est votre code Souk",
            "Bienvenue sur Souk.\n\nVotre code pour terminer l’inscription : {code}\n\nIl est valable jusqu’à {time} \
             (heure du Maroc). Si vous ne vous êtes pas inscrit, ignorez ce message : sans le code, rien ne se passe. \
             Ne donnez ce code à personne.\n",
        ),
        Letter::SignInCode => (
            "{code} est votre code Souk",
            "Votre code de connexion : {code}\n\nIl est valable jusqu’à {time} (heure du Maroc). Si vous ne l’avez pas \
             demandé, ignorez ce message. Ne donnez ce code à personne.\n",
        ),
        Letter::ResetCode => (
            "{code} est votre code Souk",
            "Votre code pour choisir un nouveau mot de passe : {code}\n\nIl est valable jusqu’à {time} (heure du Maroc). \
             Si vous ne l’avez pas demandé, ignorez ce message : votre mot de passe reste le même. Ne donnez ce code à \
             personne.\n",
        ),
        Letter::AlreadyRegistered => (
            "Vous avez un compte Souk",
            "Quelqu’un a voulu s’inscrire avec cette adresse, mais elle a déjà un compte.\n\nSi c’était vous, \
             connectez-vous, ou demandez un code si vous avez oublié le mot de passe. Sinon, il n’y a rien à faire.\n",
        ),
        Letter::RegistrationUnderWay => (
            "Votre inscription sur Souk",
            "Quelqu’un a voulu s’inscrire avec cette adresse, mais une inscription est déjà en cours.\n\nUtilisez le code \
             du message précédent, ou réessayez dans une demi-heure. Si ce n’était pas vous, il n’y a rien à faire.\n",
        ),
        Letter::PasswordChanged => (
            "Votre mot de passe a été changé",
            "Le mot de passe de votre compte Souk a été changé, et les autres sessions ont été fermées.\n\nSi ce n’était \
             pas vous, choisissez tout de suite un nouveau mot de passe avec un code.\n",
        ),
        Letter::Locked => (
            "Mots de passe erronés pour votre compte Souk",
            "Quelqu’un a donné plusieurs fois un mauvais mot de passe pour votre compte. Pendant un moment, aucun mot de \
             passe n’est accepté.\n\nSi c’était vous, attendez quelques minutes ou connectez-vous avec un code. Sinon, il \
             n’y a rien à faire : chaque nouvel essai attend plus longtemps.\n",
        ),
        Letter::SessionReused => (
            "Nous avons fermé une session",
            "Une session de votre compte Souk a été utilisée depuis deux endroits, ce qui ne devrait jamais arriver ; \
             nous l’avons fermée.\n\nReconnectez-vous, et changez votre mot de passe si quelque chose vous semble \
             étrange.\n",
        ),
    }
}

fn arabic(letter: Letter) -> Texts {
    match letter {
        Letter::RegistrationCode => (
            "{code} هو رمزك في سوق",
            "مرحبا بك في سوق.\n\nرمزك لإتمام التسجيل: {code}\n\nيمكن استعماله إلى غاية {time} (بتوقيت المغرب). إذا لم تكن \
             أنت من سجّل، فتجاهل هذه الرسالة: لا يحدث شيء دون الرمز. لا تعط الرمز لأي أحد.\n",
        ),
        Letter::SignInCode => (
            "{code} هو رمزك في سوق",
            "رمزك لتسجيل الدخول: {code}\n\nيمكن استعماله إلى غاية {time} (بتوقيت المغرب). إذا لم تطلبه، فتجاهل هذه الرسالة. \
             لا تعط الرمز لأي أحد.\n",
        ),
        Letter::ResetCode => (
            "{code} هو رمزك في سوق",
            "رمزك لاختيار كلمة مرور جديدة: {code}\n\nيمكن استعماله إلى غاية {time} (بتوقيت المغرب). إذا لم تطلبه، فتجاهل \
             هذه الرسالة: تبقى كلمة مرورك كما هي. لا تعط الرمز لأي أحد.\n",
        ),
        Letter::AlreadyRegistered => (
            "لديك حساب في سوق",
            "أراد شخص ما التسجيل بهذا العنوان، لكن له حسابا من قبل.\n\nإذا كنت أنت، فسجّل الدخول، أو اطلب رمزا إذا نسيت كلمة \
             المرور. وإلا فليس عليك فعل أي شيء.\n",
        ),
        Letter::RegistrationUnderWay => (
            "تسجيلك في سوق",
            "أراد شخص ما التسجيل بهذا العنوان، لكن هناك تسجيلا جاريا من قبل.\n\nاستعمل الرمز الوارد في الرسالة السابقة، أو \
             حاول من جديد بعد نصف ساعة. وإذا لم تكن أنت، فليس عليك فعل أي شيء.\n",
        ),
        Letter::PasswordChanged => (
            "تم تغيير كلمة مرورك",
            "تم تغيير كلمة مرور حسابك في سوق، وأغلقت الجلسات الأخرى.\n\nإذا لم تكن أنت، فاختر الآن كلمة مرور جديدة بواسطة \
             رمز.\n",
        ),
        Letter::Locked => (
            "كلمات مرور خاطئة لحسابك في سوق",
            "أدخل شخص ما كلمة مرور خاطئة لحسابك عدة مرات. لن تقبل أي كلمة مرور لبعض الوقت.\n\nإذا كنت أنت، فانتظر بضع دقائق \
             أو سجّل الدخول برمز. وإلا فليس عليك فعل أي شيء: كل محاولة جديدة تنتظر مدة أطول.\n",
        ),
        Letter::SessionReused => (
            "أغلقنا إحدى جلساتك",
            "استعملت إحدى جلسات حسابك في سوق من مكانين، وهذا لا ينبغي أن يحدث أبدا، لذلك أغلقناها.\n\nسجّل الدخول من جديد، \
             وغيّر كلمة مرورك إذا بدا لك شيء غريبا.\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use base_ids::Language;
    use base_time::Timestamp;
    use svc_auth::effect::Letter;

    use super::write;

    const LETTERS: [Letter; 8] = [
        Letter::RegistrationCode,
        Letter::SignInCode,
        Letter::ResetCode,
        Letter::AlreadyRegistered,
        Letter::RegistrationUnderWay,
        Letter::PasswordChanged,
        Letter::Locked,
        Letter::SessionReused,
    ];

    #[test]
    fn each_letter_is_whole_in_each_language_and_codes_are_in_those_that_carry_one() {
        let until = Timestamp::from_millis(1_795_262_400_000);
        for language in [Language::Ar, Language::Fr, Language::En] {
            for letter in LETTERS {
                let (subject, text) = write(letter, language, Some(("123456", until))).unwrap();
                let carries = matches!(
                    letter,
                    Letter::RegistrationCode | Letter::SignInCode | Letter::ResetCode
                );
                let shown = format!("{language:?} {letter:?}: {subject}\n{text}");
                assert_eq!(
                    subject.contains("123456") && text.contains("123456"),
                    carries,
                    "{shown}"
                );
                assert!(!shown.contains('{') && !shown.contains('}'), "{shown}");
                assert_eq!(write(letter, language, None).is_none(), carries, "{shown}");
                let arabic = shown.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
                assert_eq!(arabic, language == Language::Ar, "{shown}");
            }
        }
    }

    #[test]
    fn the_end_of_a_code_is_told_in_the_time_of_the_reader() {
        let until = Timestamp::from_millis(1_753_000_000_000);
        let (_, text) = write(Letter::SignInCode, Language::En, Some(("123456", until))).unwrap();
        assert!(text.contains("until 09:26 (Morocco time)"), "{text}");
    }
}
