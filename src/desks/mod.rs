//! Who answers next: desks, waiting callers, strategies. Pure: events in, actions out.
