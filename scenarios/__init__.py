"""What can be asked: scenarios, policies, national data and region packs."""
