"""What tests of KPI share: the events that reach its lane."""
