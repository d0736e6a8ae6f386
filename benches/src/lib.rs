//! Benches of the engine, and the loads they are run with. The programs are in `bin`, the measurements in `record`.
