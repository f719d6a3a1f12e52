"""From a form to a dealer's answer. May import campaigns and crm."""
