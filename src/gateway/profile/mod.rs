//! Gateways as data (gateways.md section 2): a [`Profile`] says how callbacks are read, how sends are built and what
//! answers mean; [`Bound`] is a profile with everything of one configured gateway put in. A profile cannot read a file
//! or the environment, call anything, loop, or choose a host by a message (GW43).

mod answer;
mod bound;
mod builtin;
mod callback;
mod decode;
mod door;
mod field;
mod file;
mod lookup;
mod model;
mod path;
mod request;
mod schema;
mod value;
mod word_map;

pub use bound::{Bound, Rate, Surroundings};
pub use builtin::{BUILT_IN, ProfileFault, ProfileFaults, Profiles, SIMULATOR};
pub use callback::Call;
pub use door::Door;
pub use file::read;
pub use lookup::{Lookup, LookupAnswer};
pub use model::{
    AnswerRules, EncodingRules, Limits, Param, Profile, RateScope, RateUnit, Reply, RequestRules, SmsCharset,
    Splits, Variant,
};
pub use request::{BoundRequest, BuildFault};
pub use schema::schema;
pub use value::{BindFault, Instance, Wanting};
