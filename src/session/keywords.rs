//! stub
#![allow(missing_docs)]
#[derive(Clone, Debug, Default)]
pub struct Keywords;
pub enum Command { Stop { word: String }, Start, Help }
pub enum Noise { Reaction, AutoReply }
impl Noise { pub fn as_str(&self) -> &'static str { "x" } }
impl Keywords {
    pub fn command(&self, _raw: &str, _opted_out: bool) -> Option<Command> { None }
    pub fn noise(&self, _raw: &str, _ft: bool) -> Option<Noise> { None }
}
impl crate::survey::Reason { pub fn as_str(self) -> &'static str { "x" } }
impl crate::survey::Method { pub fn as_str(self) -> &'static str { "x" } }
