//! Keys, certificate and tokens of one run: each token says the same and is signed in one of three ways.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, anyhow, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RsaKeyPair,
    },
};

/// The key's id in tokens.
pub(crate) const KID: &str = "bench";
/// Whom the tokens speak for.
pub(crate) const USER: &str = "users/bench";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
}

impl Algorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

/// Keys and certificate of one run.
pub(crate) struct Keys {
    folder: PathBuf,
    ed25519: Ed25519KeyPair,
    ecdsa: EcdsaKeyPair,
    rsa: RsaKeyPair,
}

impl Keys {
    /// Makes all of them in `folder`, with the `openssl` program where *ring* makes none.
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        let path = |name: &str| folder.join(name).display().to_string();
        let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
        for (name, how) in [("es256", curve), ("rs256", rsa), ("server", curve)] {
            let (key, public) = (path(&format!("{name}.key")), path(&format!("{name}.pub")));
            let der = path(&format!("{name}.der"));
            openssl(&[&["genpkey", "-out", &key], &how[..]].concat())?;
            openssl(&["pkey", "-in", &key, "-pubout", "-out", &public])?;
            openssl(&[
                "pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &der,
            ])?;
        }
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        let (key, certificate) = (path("server.key"), path("server.pem"));
        let subject = ["-subj", "/CN=localhost", "-addext", names, "-days", "2"];
        openssl(&[&["req", "-x509", "-key", &key, "-out", &certificate], &subject[..]].concat())?;
        let both = [fs::read(&certificate)?, fs::read(&key)?].concat();
        fs::write(folder.join("both.pem"), both)?;
        let mut seed = [0; 32];
        ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut seed)
            .map_err(|_| anyhow!("the system gives no random numbers"))?;
        let refused = |what| move |error| anyhow!("{what}: {error}");
        Ok(Self {
            ed25519: Ed25519KeyPair::from_seed_unchecked(&seed).map_err(refused("Ed25519"))?,
            ecdsa: EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &fs::read(folder.join("es256.der"))?,
                &SystemRandom::new(),
            )
            .map_err(refused("ES256"))?,
            rsa: RsaKeyPair::from_pkcs8(&fs::read(folder.join("rs256.der"))?)
                .map_err(refused("RS256"))?,
            folder: folder.to_owned(),
        })
    }

    /// The servers' certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// The certificate's key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// Certificate and key in one file.
    pub(crate) fn both(&self) -> PathBuf {
        self.folder.join("both.pem")
    }

    /// The public key that proves tokens of this algorithm, as PEM.
    pub(crate) fn public(&self, algorithm: Algorithm) -> PathBuf {
        self.folder.join(format!("{}.pub", algorithm.name().to_lowercase()))
    }

    /// The public key that proves tokens to the router.
    pub(crate) fn ed25519_public(&self) -> anyhow::Result<[u8; 32]> {
        self.ed25519.public_key().as_ref().try_into().context("an Ed25519 key has 32 bytes")
    }

    /// The value of an `Authorization` header, good for a day.
    pub(crate) fn bearer(&self, algorithm: Algorithm) -> anyhow::Result<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let header = format!(r#"{{"alg":"{}","typ":"at+jwt","kid":"{KID}"}}"#, algorithm.name());
        let claims = format!(
            r#"{{"iss":"souk","sub":"{USER}","aud":"shopper","exp":{},"iat":{now},"nbf":{now},"sid":"s1","jti":"t1"}}"#,
            now + 86_400
        );
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(algorithm, signed.as_bytes())?);
        Ok(format!("Bearer {signed}.{signature}"))
    }

    fn sign(&self, algorithm: Algorithm, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let random = SystemRandom::new();
        let refused = |_| anyhow!("{} cannot sign", algorithm.name());
        Ok(match algorithm {
            Algorithm::EdDsa => self.ed25519.sign(text).as_ref().to_vec(),
            Algorithm::Es256 => self.ecdsa.sign(&random, text).map_err(refused)?.as_ref().to_vec(),
            Algorithm::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(refused)?;
                signature
            }
        })
    }
}

fn openssl(args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("openssl").args(args).output();
    let output = output.context("openssl cannot be started: apt-get install -y openssl")?;
    ensure!(
        output.status.success(),
        "openssl {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
