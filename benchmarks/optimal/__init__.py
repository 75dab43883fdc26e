"""The suite `optimal`: how good the solver is, question by question, beside what it is meant to reach."""
