//! [`Door`]: who may call, made of a `verify` block and an instance. The one place where profiles meet verifiers.

use secrecy::SecretString;

use super::bound::{Surroundings, texts};
use super::model::{Block, Declaration};
use super::value::{BindFault, Expr, Instance, Wanting};
use crate::gateway::network::Networks;
use crate::gateway::verify::{Declared, DeclaredFault, DeclaredSecret, Scheme, Verifier};

/// The kind of the block that proves nothing; for the simulator alone.
pub const NOTHING: &str = "none";

/// Who may call.
#[derive(Clone, Debug)]
pub struct Door {
    /// How a call proves itself.
    pub verifier: Verifier,
    /// From where it comes; none named = from anywhere (GW27).
    pub networks: Networks,
}

impl Door {
    /// Opens the door that an instance chose.
    ///
    /// # Errors
    /// Every [`BindFault`] there is.
    pub fn new(
        block: &Block,
        instance: &Instance,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Vec<BindFault>> {
        let declaration = block.pick(instance).map_err(|fault| vec![fault])?;
        let Some(scheme) = Scheme::parse(declaration.kind) else {
            return unproved(instance, surroundings);
        };
        let (declared, missing) = declared(scheme, declaration, instance).map_err(|fault| vec![fault])?;
        let opened = declared.open(surroundings.public_url);
        let (verifier, networks) = opened.map_err(|faults| {
            faults.into_iter().map(|fault| told(fault, declaration, missing.as_deref())).collect::<Vec<_>>()
        })?;
        Ok(Self { verifier, networks })
    }
}

/// No proof: on a loopback address alone (RS2).
fn unproved(instance: &Instance, surroundings: &Surroundings<'_>) -> Result<Door, Vec<BindFault>> {
    if let Some(name) = instance.secrets.keys().next() {
        let problem = "say where it stands: params.proof = \"header\", query, path, basic or bearer";
        return Err(vec![BindFault::new(Wanting::Proof(name.clone()), problem)]);
    }
    let verifier = Verifier::none_on(surroundings.bind).ok_or_else(|| {
        let problem = "on an address that others reach the simulator needs a secret of at least 16 characters and \
                       params.proof too";
        vec![BindFault::new(Wanting::Proof("inbound".to_owned()), problem)]
    })?;
    Ok(Door { verifier, networks: Networks::default() })
}

/// The block with everything of the instance put in, and a secret that the instance does not give: networks may do
/// without.
fn declared(
    scheme: Scheme,
    declaration: &Declaration,
    instance: &Instance,
) -> Result<(Declared, Option<String>), BindFault> {
    let mut declared = Declared::of(scheme);
    let mut missing = None;
    for (name, expr) in &declaration.fields {
        match name.as_str() {
            "secrets" => {
                for item in expr.items().unwrap_or(std::slice::from_ref(expr)) {
                    match secrets(item, instance) {
                        Ok(found) => declared.secrets.extend(found),
                        Err(BindFault { wanting: Wanting::Secret(name), .. }) => missing = Some(name),
                        Err(fault) => return Err(fault),
                    }
                }
            }
            "cidrs" => declared.cidrs = texts(&expr.bind(instance)?),
            "in" => declared.place = expr.bind(instance)?.plain_text(),
            "name" => declared.name = expr.bind(instance)?.plain_text(),
            _algorithm => declared.algorithm = expr.bind(instance)?.plain_text(),
        }
    }
    Ok((declared, missing))
}

/// `$secret.x`, or `{secret: $secret.x, algorithm: …}`; two while they are changed over.
fn secrets(item: &Expr, instance: &Instance) -> Result<Vec<DeclaredSecret>, BindFault> {
    let all = |expr: &Expr| match expr.secret() {
        Some(name) => instance.secrets(name).map(<[SecretString]>::to_vec),
        None => Ok(expr.bind(instance)?.plain_text().into_iter().map(SecretString::from).collect()),
    };
    let Expr::Map(members) = item else {
        return Ok(all(item)?.into_iter().map(DeclaredSecret::from).collect());
    };
    let member = |name: &str| members.iter().find(|(given, _)| given == name).map(|(_, expr)| expr);
    let algorithm = member("algorithm").map(|expr| expr.bind(instance)).transpose()?;
    let algorithm = algorithm.and_then(|expr| expr.plain_text());
    let found = member("secret").map(all).transpose()?.unwrap_or_default();
    Ok(found.into_iter().map(|secret| DeclaredSecret { secret, algorithm: algorithm.clone() }).collect())
}

/// A fault of the block as a fault of the instance, where it is the instance that gave the field.
fn told(fault: DeclaredFault, declaration: &Declaration, missing: Option<&str>) -> BindFault {
    let DeclaredFault { field, problem } = fault;
    let expr = declaration.fields.iter().find(|(name, _)| name == field).map(|(_, expr)| expr);
    let mut wanting = if field == "public_url" { Wanting::PublicUrl } else { Wanting::Profile };
    if let Some(expr) = expr {
        expr.visit(&mut |part| match (part.param(), part.secret()) {
            (Some(name), _) => wanting = Wanting::Param(name.to_owned()),
            (None, Some(name)) if missing == Some(name) => wanting = Wanting::Proof(name.to_owned()),
            (None, Some(name)) => wanting = Wanting::Secret(name.to_owned()),
            (None, None) => {}
        });
    }
    BindFault::new(wanting, problem)
}
