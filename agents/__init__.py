"""Who acts: organisations as Mesa agents, the state they hold and the decisions they take."""
