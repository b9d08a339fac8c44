//! The contract as the edge serves it: every method of the descriptors with its bindings, its rule and its limits, checked once.

use std::{collections::HashMap, sync::Arc};

use http::Method as Verb;
use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor,
};
use souk_proto::{
    google::api::{HttpRule, http_rule::Pattern},
    souk::v1::{Access, BytesRule},
};

use crate::{
    access::Rule,
    routes::Routes,
    template::{Segment, Template},
};

const FIELD_MASK: &str = "google.protobuf.FieldMask";
const CALLBACK: &str = "souk.v1.Callback";
const KEPT_BYTES: &str = "souk.v1.KeptBytes";
/// Collections whose elements are tenants, as the router knows them.
const TENANTS: [&str; 4] = ["users", "vendors", "names", "platform"];

/// Every method, by route and by name.
pub(crate) struct Contract {
    pub(crate) methods: Vec<Arc<Method>>,
    pub(crate) routes: Routes<(usize, usize)>,
    by_path: HashMap<String, usize>,
    pub(crate) pool: DescriptorPool,
}

/// One method of the contract.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact that the contract says of a method"
)]
pub(crate) struct Method {
    /// `souk.carts.v1.Carts/AddLine`
    pub(crate) name: Arc<str>,
    pub(crate) descriptor: MethodDescriptor,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
    pub(crate) streaming: bool,
    pub(crate) rule: Rule,
    /// Whether it changes something.
    pub(crate) mutation: bool,
    pub(crate) key_needed: bool,
    /// Whether its body is somebody else's format.
    pub(crate) callback: bool,
    /// Of a method that takes or gives bytes as they are: which.
    pub(crate) bytes: Option<BytesRule>,
    pub(crate) addressee: Option<Addressee>,
    pub(crate) mask: Option<Mask>,
    pub(crate) bindings: Vec<Binding>,
}

/// The field that names whom a call is addressed to: the first one, or the first one of the resource that is the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addressee {
    /// Dotted path.
    pub(crate) field: String,
    pub(crate) nested: bool,
}

/// The field that says which fields of a resource are updated.
pub(crate) struct Mask {
    pub(crate) field: FieldDescriptor,
    /// What its paths are relative to.
    pub(crate) resource: MessageDescriptor,
}

/// One way to call a method over HTTP.
pub(crate) struct Binding {
    pub(crate) verb: Verb,
    pub(crate) template: Template,
    pub(crate) path: String,
    /// The field of each of the template's variables, from the request inwards.
    pub(crate) variables: Vec<Vec<FieldDescriptor>>,
    /// Which variable names the addressee.
    pub(crate) addressee: Option<usize>,
    pub(crate) body: Body,
    pub(crate) response_body: Option<FieldDescriptor>,
}

/// What of a request its HTTP body holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    /// Everything that the path does not hold.
    Whole,
    Field(FieldDescriptor),
}

/// The options of a method that the edge reads.
struct Options {
    access: ExtensionDescriptor,
    http: ExtensionDescriptor,
    bytes: Option<ExtensionDescriptor>,
}

/// The contract cannot be served; every mistake is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidContract(pub Vec<String>);

impl std::fmt::Display for InvalidContract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the contract cannot be served: {}", self.0.join("; "))
    }
}

impl std::error::Error for InvalidContract {}

impl Contract {
    /// Reads an encoded `FileDescriptorSet`.
    pub(crate) fn read(descriptors: &[u8]) -> Result<Self, InvalidContract> {
        let pool = DescriptorPool::decode(descriptors)
            .map_err(|error| InvalidContract(vec![error.to_string()]))?;
        let option = |name: &str| {
            let missing = || InvalidContract(vec![format!("the descriptors lack {name}")]);
            pool.get_extension_by_name(name).ok_or_else(missing)
        };
        let options = Options {
            access: option("souk.v1.access")?,
            http: option("google.api.http")?,
            // A contract without any bytes need not know of them.
            bytes: option("souk.v1.bytes").ok(),
        };
        let mut mistakes = Vec::new();
        let mut methods = Vec::new();
        for service in pool.services() {
            for descriptor in service.methods() {
                let name = format!("{}/{}", service.full_name(), descriptor.name());
                match Method::read(&name, descriptor, &options) {
                    Ok(method) => methods.push(Arc::new(method)),
                    Err(mistake) => mistakes.push(format!("{name}: {mistake}")),
                }
            }
        }
        let mut routes = Routes::new();
        for (at, method) in methods.iter().enumerate() {
            for (which, binding) in method.bindings.iter().enumerate() {
                let added = routes.add(binding.verb.clone(), &binding.template, (at, which));
                if let Err((other, _)) = added {
                    let (path, other): (_, &Arc<Method>) = (&binding.path, &methods[other]);
                    mistakes.push(format!("{}: `{path}` clashes with {}", method.name, other.name));
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(InvalidContract(mistakes));
        }
        let public = methods.iter().enumerate().filter(|(_, method)| !method.rule.is_internal());
        let by_path = public.map(|(at, method)| (format!("/{}", method.name), at)).collect();
        Ok(Self { methods, routes, by_path, pool })
    }

    /// The method that a gRPC call's path names; internal ones are not known here.
    pub(crate) fn called(&self, path: &str) -> Option<&Arc<Method>> {
        self.by_path.get(path).map(|at| &self.methods[*at])
    }

    /// Full names of the services that have a method for the public.
    pub(crate) fn public_services(&self) -> Vec<String> {
        let public = self.methods.iter().filter(|method| !method.rule.is_internal());
        let mut names: Vec<String> = public
            .map(|method| method.descriptor.parent_service().full_name().to_owned())
            .collect();
        names.dedup();
        names
    }
}

impl Method {
    fn read(name: &str, descriptor: MethodDescriptor, known: &Options) -> Result<Self, String> {
        let options = descriptor.options();
        let access: Access = option(&options, &known.access)?
            .ok_or("souk.v1.access is missing; every method has it")?;
        let rule = Rule::read(&access)?;
        let http: Option<HttpRule> = option(&options, &known.http)?;
        let bytes = match &known.bytes {
            Some(known) => option(&options, known)?,
            None => None,
        };
        if descriptor.is_client_streaming() {
            return Err("client streams are not served".into());
        }
        let input = descriptor.input();
        let addressee = addressee(&input);
        let mut bindings = Vec::new();
        match (http, rule.is_internal()) {
            (Some(_), true) => return Err("is INTERNAL and must have no google.api.http".into()),
            (None, false) => {
                return Err("has no google.api.http; only INTERNAL ones have none".into());
            }
            (None, true) => {}
            (Some(rule), false) => {
                for rule in std::iter::once(&rule).chain(&rule.additional_bindings) {
                    bindings.push(Binding::read(rule, &descriptor, addressee.as_ref())?);
                }
            }
        }
        // A first field that no path holds is only a field: the router would not see it.
        let addressee =
            addressee.filter(|_| bindings.iter().any(|binding| binding.addressee.is_some()));
        let streaming = descriptor.is_server_streaming();
        let mutation = bindings.iter().any(|binding| binding.verb != Verb::GET);
        if streaming && mutation {
            return Err("streams, and so must be a GET".into());
        }
        let callback = input.full_name() == CALLBACK;
        if let Some(bytes) = &bytes {
            carries_bytes(bytes, &bindings, &descriptor)?;
        }
        let mask = input
            .fields()
            .find(is_mask)
            .map(|field| Mask { resource: resource(&input, &bindings), field });
        Ok(Self {
            name: name.into(),
            output: descriptor.output(),
            input,
            streaming,
            rule,
            mutation,
            key_needed: mutation && !access.key_optional,
            callback,
            bytes,
            addressee,
            mask,
            bindings,
            descriptor,
        })
    }
}

impl Binding {
    fn read(
        rule: &HttpRule,
        method: &MethodDescriptor,
        addressee: Option<&Addressee>,
    ) -> Result<Self, String> {
        let (verb, path) = match rule.pattern.as_ref().ok_or("google.api.http has no path")? {
            Pattern::Get(path) => (Verb::GET, path),
            Pattern::Put(path) => (Verb::PUT, path),
            Pattern::Post(path) => (Verb::POST, path),
            Pattern::Delete(path) => (Verb::DELETE, path),
            Pattern::Patch(path) => (Verb::PATCH, path),
            Pattern::Custom(_) => return Err("custom HTTP methods are not served".into()),
        };
        let template = Template::parse(path)?;
        let input = method.input();
        let field = |name: &str, of: &MessageDescriptor| {
            let missing = || format!("{} has no field `{name}`", of.full_name());
            of.get_field_by_name(name).ok_or_else(missing)
        };
        let body = match rule.body.as_str() {
            "" => Body::None,
            _ if matches!(verb, Verb::GET | Verb::DELETE) => {
                return Err(format!("`{path}`: {verb} has no body"));
            }
            "*" => Body::Whole,
            name => Body::Field(field(name, &input)?),
        };
        let variables = (template.variables.iter())
            .map(|variable| resolve(&input, &variable.field))
            .collect::<Result<Vec<_>, _>>()?;
        let named = |named: &Addressee| {
            template.variables.iter().position(|variable| variable.field == named.field)
        };
        let output = method.output();
        let response_body = match rule.response_body.as_str() {
            "" => None,
            name => Some(field(name, &output)?),
        };
        let addressee = addressee.and_then(named);
        let binding =
            Self { verb, path: path.clone(), template, variables, addressee, body, response_body };
        binding.agrees_with_the_router()?;
        Ok(binding)
    }

    /// The router takes the first two segments behind `/v1/` as the tenant: the field that the cell reads must begin with them.
    fn agrees_with_the_router(&self) -> Result<(), String> {
        let path = &self.path;
        let (version, behind) = self.template.segments.split_first().ok_or("has no path")?;
        if *version != Segment::Literal("v1".into()) {
            return Err(format!("`{path}` is not below `/v1/`"));
        }
        let [Segment::Literal(collection), element, ..] = behind else { return Ok(()) };
        if !TENANTS.contains(&collection.as_str()) {
            return Ok(());
        }
        let first = self.addressee.map(|at| &self.template.variables[at]);
        match element {
            Segment::Literal(text) if text == "-" => Ok(()),
            Segment::Literal(text) if text == "me" => {
                Err(format!("`{path}`: the router puts the caller's name in place of `me`"))
            }
            _ if first.is_some_and(|variable| variable.from == 1 && variable.to > 2) => Ok(()),
            _ => Err(format!("`{path}`: the request's first field must hold the tenant's name")),
        }
    }
}

fn option<M: prost::Message + Default>(
    options: &DynamicMessage,
    extension: &ExtensionDescriptor,
) -> Result<Option<M>, String> {
    if !options.has_extension(extension) {
        return Ok(None);
    }
    let value = options.get_extension(extension);
    let message = value.as_message().ok_or("an option is not a message")?;
    message.transcode_to().map(Some).map_err(|error| error.to_string())
}

/// A method of bytes is one PUT or GET of a name below a tenant, and its answer is what is kept.
fn carries_bytes(
    rule: &BytesRule,
    bindings: &[Binding],
    descriptor: &MethodDescriptor,
) -> Result<(), String> {
    let [binding] = bindings else { return Err("carries bytes, and so has one path".into()) };
    if !matches!(binding.verb, Verb::GET | Verb::PUT) {
        return Err("carries bytes, and so must be a PUT or a GET".into());
    }
    if binding.addressee.is_none() || rule.media_types.is_empty() || rule.size_max < 1 {
        return Err("carries bytes, and so says whose, which and how many".into());
    }
    if descriptor.output().full_name() != KEPT_BYTES {
        return Err(format!("carries bytes, and so answers with {KEPT_BYTES}"));
    }
    Ok(())
}

fn addressee(input: &MessageDescriptor) -> Option<Addressee> {
    let plain = |field: &FieldDescriptor| !field.is_list() && !field.is_map();
    let first = input.get_field(1).filter(plain)?;
    match first.kind() {
        Kind::String => Some(Addressee { field: first.name().to_owned(), nested: false }),
        Kind::Message(resource) => {
            let inner = resource.get_field(1).filter(plain)?;
            let field = format!("{}.{}", first.name(), inner.name());
            (inner.kind() == Kind::String).then_some(Addressee { field, nested: true })
        }
        _ => None,
    }
}

fn is_mask(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.full_name() == FIELD_MASK)
        && !field.is_list()
}

/// What an update mask's paths are relative to: the field that is the body, or the one resource of the request, or the request.
fn resource(input: &MessageDescriptor, bindings: &[Binding]) -> MessageDescriptor {
    let body = bindings.iter().find_map(|binding| match &binding.body {
        Body::Field(field) => field.kind().as_message().cloned(),
        _ => None,
    });
    let resource = input.fields().find_map(|field| match field.kind() {
        Kind::Message(message)
            if !field.is_list()
                && !field.is_map()
                && !message.full_name().starts_with("google.protobuf.") =>
        {
            Some(message)
        }
        _ => None,
    });
    body.or(resource).unwrap_or_else(|| input.clone())
}

/// The fields that a dotted path names, from the message inwards; by their names in the contract or in JSON.
pub(crate) fn resolve(of: &MessageDescriptor, path: &str) -> Result<Vec<FieldDescriptor>, String> {
    let mut at = Some(of.clone());
    let mut fields: Vec<FieldDescriptor> = Vec::new();
    for name in path.split('.') {
        let before = fields.last();
        let message = at.as_ref().ok_or_else(|| {
            format!("`{}` has no fields", before.map_or("", |field| field.name()))
        })?;
        let field = field_named(message, name)
            .ok_or_else(|| format!("{} has no field `{name}`", message.name()))?;
        let inside = !field.is_list() && !field.is_map();
        at = field.kind().as_message().filter(|_| inside).cloned();
        fields.push(field);
    }
    Ok(fields)
}

/// The field with this name in JSON or in the contract.
pub(crate) fn field_named(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name))
}
