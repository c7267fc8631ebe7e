//! placeholder
#[derive(Debug)]
pub struct TaskGroup;
#[derive(Debug)]
pub struct JoinNext;
